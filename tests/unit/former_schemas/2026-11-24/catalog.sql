-- catalog.db as the program of commit 0943dab has made and filled it, by its own functions; written with sqlite3's .dump.
-- One thing was added by hand: the profile's document has all attributes that are mandatory. The functions of the store
-- did not ask for them, but no command and no request of that program could leave one out (DIV-105).
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE entity (
    id TEXT NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    provider TEXT NOT NULL,
    parent TEXT REFERENCES entity (id) ON DELETE CASCADE,
    position TEXT NOT NULL,
    document TEXT NOT NULL
);
INSERT INTO entity VALUES('profile-1',5,'',NULL,'2026-11-22T09:00:00.000Z','{"id":"profile-1","name":"tsms-lab jc305","scType":1,"hardwarePlatform":"lab","os":"LAB","osVersion":"1.0","javaCardVersion":"3.0.5","javaCardFeatures":{},"gpSpecVersions":{},"gpApiVersions":{},"csp":{},"certifications":{}}');
INSERT INTO entity VALUES('service-1',2,'01020304-0506-4708-890a-0b0c0d0e0f10',NULL,'2026-11-22T09:01:00.000Z','{"id":"service-1","name":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE"}');
INSERT INTO entity VALUES('elf-1',6,'01020304-0506-4708-890a-0b0c0d0e0f10',NULL,'2026-11-22T09:02:00.000Z','{"id":"elf-1","name":"app.cap"}');
INSERT INTO entity VALUES('flavor-1',4,'01020304-0506-4708-890a-0b0c0d0e0f10','service-1','2026-11-22T09:03:00.000Z','{"id":"flavor-1","name":"one","published":true}');
CREATE TABLE reference (
    source TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    target TEXT NOT NULL REFERENCES entity (id),
    via TEXT NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (source, target, via)
) WITHOUT ROWID;
INSERT INTO reference VALUES('flavor-1','elf-1','','01020304-0506-4708-890a-0b0c0d0e0f10');
CREATE TABLE file (
    entity TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    content BLOB NOT NULL
);
INSERT INTO file VALUES('elf-1',X'504b006f6374657473206f6620612066696c65');
CREATE TABLE load_image (
    entity TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    image BLOB NOT NULL
);
INSERT INTO load_image VALUES('elf-1','00FF',X'696d616765');
CREATE TABLE profile_internals (
    profile TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);
INSERT INTO profile_internals VALUES('profile-1','{"identification":{"cplc":["54534C42"]},"card":{"ara":"aram-issuer","millisecondsPerApdu":20}}');
CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    chain BLOB NOT NULL);
INSERT INTO audit VALUES(1,'2026-11-29T19:30:51.156Z','created','SecureComponentProfile profile-1',X'1658670001748ce0403bd68fc87615927afe256ff183ca44a4e2f630823ba339');
INSERT INTO audit VALUES(2,'2026-11-29T19:30:51.156Z','profile internals stored','profile-1',X'859e249b366b8f3f58a19a57126814cfe75023580efbae8b9a8dd3ad803d071e');
INSERT INTO audit VALUES(3,'2026-11-29T19:30:51.156Z','created','Service service-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'efce9d9b6d32745b76bb5c2a4ba49c04430898c1c86cf34eddd05c2e79d12d0c');
INSERT INTO audit VALUES(4,'2026-11-29T19:30:51.156Z','created','ExecutableLoadFile elf-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'e6faf1046c7090f742c81ffe336379fc09cc3f41e0c49f3914a3a3cc7eec36e2');
INSERT INTO audit VALUES(5,'2026-11-29T19:30:51.156Z','file stored','elf-1',X'e50939ab334a5c5df2c5588811626724e35c5c6bf075a1740fc1216aad130650');
INSERT INTO audit VALUES(6,'2026-11-29T19:30:51.156Z','created','Flavor flavor-1 of 01020304-0506-4708-890a-0b0c0d0e0f10',X'cec449e80b2e62e6a2898c40b64d4733560af3e253c6a8ffe5be28eb3d5ca9ae');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',6);
CREATE INDEX entity_lists ON entity (provider, kind, parent, position, id);
CREATE INDEX entity_children ON entity (parent);
CREATE UNIQUE INDEX entity_tags ON entity (parent, position) WHERE kind = 3;
CREATE UNIQUE INDEX entity_sd_aids ON entity (document ->> '$.sdAid') WHERE kind = 2;
CREATE INDEX reference_targets ON reference (target, provider, source, via);
CREATE INDEX load_image_hashes ON load_image (sha256);
COMMIT;
PRAGMA user_version=1;
