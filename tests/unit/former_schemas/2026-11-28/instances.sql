-- instances.db as the program of commit 4b657c0 has made and filled it, by its own functions; written with sqlite3's .dump.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE secure_components (id TEXT PRIMARY KEY, identity TEXT NOT NULL UNIQUE, document TEXT NOT NULL);
INSERT INTO secure_components VALUES('card-1','111111111111111111111111111111111111111111111111111111111111111111111111111111111111','{"id":"card-1","identity":"111111111111111111111111111111111111111111111111111111111111111111111111111111111111","profileId":"profile-1","isdAid":"A000000151000000","cinIin":"0102","issuer":"lab","tsmDomain":{"aid":"D27600016354534D0001","keys":{"version":48,"bits":128,"wrapped":"01020330","issuerKnows":true},"otherKeys":[{"version":49,"bits":128,"wrapped":"01020331","issuerKnows":false}],"scp03Mode":0,"scp03I":-1,"keysInDoubt":false,"clientRegistered":false,"clientInstalled":false,"clientAid":""},"strikes":0,"quarantined":false,"doubt":false,"assigned":false,"claimed":"","claims":"","wasProven":false}');
INSERT INTO secure_components VALUES('card-2','222222222222222222222222222222222222222222222222222222222222222222222222222222222222','{"id":"card-2","identity":"222222222222222222222222222222222222222222222222222222222222222222222222222222222222","profileId":"profile-1","isdAid":"A000000151000000","cinIin":"0102","issuer":"lab","tsmDomain":null,"strikes":0,"quarantined":false,"doubt":false,"assigned":false,"claimed":"","claims":"","wasProven":false}');
INSERT INTO secure_components VALUES('card-3','333333333333333333333333333333333333333333333333333333333333333333333333333333333333','{"id":"card-3","identity":"333333333333333333333333333333333333333333333333333333333333333333333333333333333333","profileId":"profile-1","isdAid":"A000000151000000","cinIin":"0102","issuer":"lab","tsmDomain":null,"strikes":0,"quarantined":false,"doubt":false,"assigned":false,"claimed":"","claims":"","wasProven":false}');
CREATE TABLE service_instances (id TEXT PRIMARY KEY, service TEXT NOT NULL, card TEXT NOT NULL REFERENCES secure_components(id),
    state INTEGER NOT NULL, document TEXT NOT NULL, UNIQUE (service, card));
INSERT INTO service_instances VALUES('instance-1','service-1','card-1',14,'{"id":"instance-1","secureComponent":"card-1","reader":"eSE1","atr":"","state":14,"lastStable":1,"failedOperation":0,"unprovenOperation":0,"lastOperation":0,"executed":[0,2],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-1","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"],"packages":[]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"isdAid":"","sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"scp03Mode":8,"minimumLevel":51,"blockSize":0,"extendedLength":false,"extendedCap":false,"lockWithApplications":true,"ara":"none","aracPackageAid":"A000000151415243","aracModuleAid":"A00000015141524301","aracAid":"D276000163415241430001","rulesReadBack":true,"privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true,"initializeUpdateCounts":false},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":true,"domain":null,"runningProcess":"","created":"2026-11-22T10:00:00.000Z"}');
INSERT INTO service_instances VALUES('instance-2','service-2','card-1',1,'{"id":"instance-2","secureComponent":"card-1","reader":"eSE1","atr":"","state":1,"lastStable":1,"failedOperation":0,"unprovenOperation":0,"lastOperation":0,"executed":[],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-2","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"],"packages":[]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"isdAid":"","sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"scp03Mode":8,"minimumLevel":51,"blockSize":0,"extendedLength":false,"extendedCap":false,"lockWithApplications":true,"ara":"none","aracPackageAid":"A000000151415243","aracModuleAid":"A00000015141524301","aracAid":"D276000163415241430001","rulesReadBack":true,"privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true,"initializeUpdateCounts":false},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":false,"domain":null,"runningProcess":"process-2","created":"2026-11-22T10:00:00.000Z"}');
INSERT INTO service_instances VALUES('instance-3','service-1','card-2',1,'{"id":"instance-3","secureComponent":"card-2","reader":"eSE1","atr":"","state":1,"lastStable":1,"failedOperation":0,"unprovenOperation":0,"lastOperation":0,"executed":[],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-1","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"],"packages":[]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"isdAid":"","sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"scp03Mode":8,"minimumLevel":51,"blockSize":0,"extendedLength":false,"extendedCap":false,"lockWithApplications":true,"ara":"none","aracPackageAid":"A000000151415243","aracModuleAid":"A00000015141524301","aracAid":"D276000163415241430001","rulesReadBack":true,"privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true,"initializeUpdateCounts":false},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":false,"domain":null,"runningProcess":"","created":"2026-11-22T10:00:00.000Z"}');
CREATE TABLE processes (id TEXT PRIMARY KEY, session TEXT NOT NULL, instance TEXT NOT NULL, card TEXT NOT NULL, caller TEXT NOT NULL,
    version TEXT NOT NULL, requested TEXT NOT NULL, start_state INTEGER NOT NULL, started TEXT NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0, status INTEGER, message TEXT, ended TEXT);
INSERT INTO processes VALUES('process-1','session','instance-1','card-1','BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB','1.0.0','10',1,'2026-11-22T10:00:00.000Z',1,0,'','2026-11-22T10:00:05.000Z');
INSERT INTO processes VALUES('process-2','session','instance-2','card-1','BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB','1.0.0','10',1,'2026-11-22T10:00:00.000Z',0,NULL,NULL,NULL);
CREATE TABLE journal (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0);
INSERT INTO journal VALUES(1,'process-1','install service service-1','2026-11-29T19:30:56.140Z',1);
INSERT INTO journal VALUES(2,'process-2','install service service-2','2026-11-29T19:30:56.157Z',0);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, spos TEXT NOT NULL, body TEXT NOT NULL,
    created INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT '',
    given_up INTEGER NOT NULL DEFAULT 0, provider TEXT NOT NULL DEFAULT '', waited INTEGER NOT NULL DEFAULT 0);
INSERT INTO outbox VALUES(1,'process-1','{"url":"https://spos","certificate":"PEM"}','{"processId":"process-1"}',1790000100,1,'nobody listens',0,'01020304-0506-4708-890a-0b0c0d0e0f10',3600);
INSERT INTO outbox VALUES(2,'process-0','{"url":"https://spos","certificate":"PEM"}','{"processId":"process-1"}',1790000100,0,'',1,'01020304-0506-4708-890a-0b0c0d0e0f10',0);
CREATE TABLE card_log (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, response INTEGER NOT NULL,
    apdu TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL);
INSERT INTO card_log VALUES(1,'process-1',0,'80E60200','load',1795980656158);
INSERT INTO card_log VALUES(2,'process-1',1,'9000','load',1795980656158);
CREATE TABLE issuers (name TEXT PRIMARY KEY, url TEXT NOT NULL, certificate TEXT NOT NULL, transport_key BLOB NOT NULL,
    cards TEXT NOT NULL);
INSERT INTO issuers VALUES('lab','https://127.0.0.1:9543','PEM',X'090807','{"cplc":["54534C42"],"atr":[],"isd":[],"cardData":[]}');
CREATE TABLE apps (caller_id TEXT PRIMARY KEY, provider TEXT NOT NULL, credential_hash BLOB NOT NULL, created TEXT NOT NULL);
INSERT INTO apps VALUES('BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB','01020304-0506-4708-890a-0b0c0d0e0f10',X'010203','2026-11-29T19:30:56.124Z');
CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    chain BLOB NOT NULL);
INSERT INTO audit VALUES(1,'2026-11-29T19:30:55.860Z','database made','b1ad0f0e-0000-4000-8000-000000000001',X'b2d6134f59fa0395e5d3356cf42cde05ef0fba2a59cf09735fdf5eddc5d55345');
INSERT INTO audit VALUES(2,'2026-11-29T19:30:56.116Z','issuer added','lab',X'f6d2913c1bdccb1f7a8682415d9f4bb5821bcbbfab609de76fb3a4d911c9cb43');
INSERT INTO audit VALUES(3,'2026-11-29T19:30:56.124Z','app added','BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB',X'6e2cb7d001dcf304e85229f82d8844dcc3469771167d7c3b7b30dfb8e8e11cd2');
INSERT INTO audit VALUES(4,'2026-11-29T19:30:56.128Z','card written','card-1',X'c59bb491623d1fa059b37501924c0faecfa7367470c9f979cbd8da4e0f1e9c1e');
INSERT INTO audit VALUES(5,'2026-11-29T19:30:56.128Z','instance state 14','instance-1',X'e336698929552792481652389b6b6f317cc7fd7eaf695945006ced75737e6e9a');
INSERT INTO audit VALUES(6,'2026-11-29T19:30:56.129Z','instance state 1','instance-2',X'5705c68e413ca26d06d628ac8815e892681d726b3d4bd2caf5400812dd0bfd31');
INSERT INTO audit VALUES(7,'2026-11-29T19:30:56.129Z','card written','card-2',X'4ebbd14e376a4a98bdf33ced1d343b114c0518a367a9e25c37c073ca40890c05');
INSERT INTO audit VALUES(8,'2026-11-29T19:30:56.130Z','instance state 1','instance-3',X'b385fcc9b7f50edae8c9e1f9632b1392eb60ac5e1df0d74b39fcbb8c4e747d51');
INSERT INTO audit VALUES(9,'2026-11-29T19:30:56.136Z','process begins','process-1',X'faf66603c002da2ea1fbc7c4429dc6158f78a66570e86c68b4ef4ea68a28301c');
INSERT INTO audit VALUES(10,'2026-11-29T19:30:56.137Z','instance state 14','instance-1',X'fc340adadf7c2e71b357145b25be2be73a6de31b45cfc1884620e5f4fdc806bb');
INSERT INTO audit VALUES(11,'2026-11-29T19:30:56.137Z','card written','card-1',X'05ec27e3cd6bb70dfbb60597f13e6f5676f53263ee3503aed1b438e16e98fba7');
INSERT INTO audit VALUES(12,'2026-11-29T19:30:56.144Z','card written','card-1',X'cb8c6a80298ca88d504955a43192fc0cce4c3782190daae8d3ceca82a904edf7');
INSERT INTO audit VALUES(13,'2026-11-29T19:30:56.144Z','instance state 14','instance-1',X'66f7c0dfefd9cbedd183501b39860150c108c18e660d9a46ff211550606cd1ce');
INSERT INTO audit VALUES(14,'2026-11-29T19:30:56.144Z','process ends with 0','process-1',X'42cd199d6cdb132ad91f2dd0e66c8ad4c3cc305a2689b61a3b417a61eb15ffc3');
INSERT INTO audit VALUES(15,'2026-11-29T19:30:56.152Z','result given up','2',X'c852d935456a43deca1de1da3c41eabe6be3ae4b2da00babbf30d137a4c58ef3');
INSERT INTO audit VALUES(16,'2026-11-29T19:30:56.157Z','process begins','process-2',X'2c609bfe5d8831f05c5c0db9cf0f424c4a8ff1e3075882d23f8cd282c7785606');
INSERT INTO audit VALUES(17,'2026-11-29T19:30:56.157Z','instance state 1','instance-2',X'a5c59e349110f824a0e57258cf937e36f7363ba5e205529e9233e7fe9fd04c74');
INSERT INTO audit VALUES(18,'2026-11-29T19:30:56.157Z','card written','card-1',X'edcc31f066882a38273eaffa062863bb19366ba01ab1728f7ca64020a1a60bbd');
INSERT INTO audit VALUES(19,'2026-11-29T19:30:56.160Z','card written','card-3',X'3da55182c5eaebe36ca22673c8aeb7dc4ec70d8fa7b65e4a28af5ae4a5ee552c');
INSERT INTO audit VALUES(20,'2026-11-29T19:30:56.160Z','instance state 14','instance-4',X'b2764c4920c39ec150262afc92ad8a16c2f100f60b4d9d714c1a10f9be9bb45c');
INSERT INTO audit VALUES(21,'2026-11-29T19:30:56.164Z','instance lost','instance-4',X'e369740af4c10a1371adf2b7b231e8683e6f8f2990f10d4379c8aeab26095caf');
INSERT INTO audit VALUES(22,'2026-11-29T19:30:56.164Z','card written','card-3',X'ae116ad2181e1e2c1ac9904c74217254f69bd2b0d30737400d06bc43b33d35f4');
INSERT INTO audit VALUES(23,'2026-11-29T19:30:56.164Z','card lost','card-3',X'43ae9d8a98945b6176d904ff00b0dcfffe0c95528768376815560191ad51f947');
INSERT INTO audit VALUES(24,'2026-11-29T19:30:56.170Z','vault sealed','',X'50cf22200cc1118a15a539e0cf5d2347006690349c9ebd0ec59ba38784bbce7b');
CREATE TABLE installation (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT, vault_seal BLOB);
INSERT INTO installation VALUES(1,'b1ad0f0e-0000-4000-8000-000000000001',X'040506');
CREATE TABLE witness (database TEXT PRIMARY KEY, sequence INTEGER NOT NULL, chain BLOB NOT NULL);
INSERT INTO witness VALUES('catalog.db',7,X'e577b73500b6b9debd2ed4c86fb1e15005caf51a6813c4c074f22d587513f439');
CREATE TABLE write_probe (only INTEGER PRIMARY KEY CHECK (only = 1), tries INTEGER NOT NULL);
INSERT INTO write_probe VALUES(1,1);
CREATE TABLE tombstones (id TEXT PRIMARY KEY, card TEXT NOT NULL REFERENCES secure_components(id), document TEXT NOT NULL);
INSERT INTO tombstones VALUES('instance-4','card-3','{"id":"instance-4","secureComponent":"card-3","reader":"eSE1","atr":"","state":14,"lastStable":1,"failedOperation":0,"unprovenOperation":0,"lastOperation":0,"executed":[],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-1","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"],"packages":[]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"isdAid":"","sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"scp03Mode":8,"minimumLevel":51,"blockSize":0,"extendedLength":false,"extendedCap":false,"lockWithApplications":true,"ara":"none","aracPackageAid":"A000000151415243","aracModuleAid":"A00000015141524301","aracAid":"D276000163415241430001","rulesReadBack":true,"privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true,"initializeUpdateCounts":false},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":true,"domain":null,"runningProcess":"","created":"2026-11-22T10:00:00.000Z"}');
CREATE TABLE forgetting (id INTEGER PRIMARY KEY CHECK (id = 1), asked INTEGER NOT NULL, held INTEGER NOT NULL);
INSERT INTO forgetting VALUES(1,1795980656,0);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',24);
INSERT INTO sqlite_sequence VALUES('journal',2);
INSERT INTO sqlite_sequence VALUES('outbox',2);
INSERT INTO sqlite_sequence VALUES('card_log',2);
CREATE INDEX instances_by_card ON service_instances(card);
CREATE INDEX processes_running ON processes(id) WHERE ended IS NULL;
CREATE INDEX journal_by_process ON journal(process);
CREATE INDEX card_log_by_process ON card_log(process);
CREATE INDEX card_log_by_time ON card_log(at);
CREATE INDEX cards_by_claim ON secure_components(json_extract(document, '$.claimed')) WHERE json_extract(document, '$.tsmDomain') IS NULL;
CREATE INDEX tombstones_by_card ON tombstones(card);
CREATE INDEX cards_by_identity ON secure_components(json_extract(document, '$.identity'));
CREATE INDEX instances_by_reader ON service_instances(json_extract(document, '$.reader'), json_extract(document, '$.atr')) WHERE state <> 1;
CREATE INDEX cards_by_issuers_number ON secure_components(json_extract(document, '$.cinIin'));
CREATE INDEX processes_by_end ON processes(ended) WHERE ended IS NOT NULL;
CREATE INDEX processes_by_card ON processes(card);
COMMIT;
PRAGMA user_version=1;
