-- instances.db as the program of commit e9791ab has made and filled it, by its own functions; written with sqlite3's .dump.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE secure_components (id TEXT PRIMARY KEY, identity TEXT NOT NULL UNIQUE, document TEXT NOT NULL);
INSERT INTO secure_components VALUES('card-1','111111111111111111111111111111111111111111111111111111111111111111111111111111111111','{"id":"card-1","identity":"111111111111111111111111111111111111111111111111111111111111111111111111111111111111","profileId":"profile-1","isdAid":"A000000151000000","cinIin":"0102","issuer":"lab","tsmDomain":{"aid":"D27600016354534D0001","keys":{"version":48,"bits":128,"wrapped":"01020330"},"nextKeys":{"version":49,"bits":128,"wrapped":"01020331"}},"strikes":0,"quarantined":false,"doubt":false}');
INSERT INTO secure_components VALUES('card-2','222222222222222222222222222222222222222222222222222222222222222222222222222222222222','{"id":"card-2","identity":"222222222222222222222222222222222222222222222222222222222222222222222222222222222222","profileId":"profile-1","isdAid":"A000000151000000","cinIin":"0102","issuer":"lab","tsmDomain":null,"strikes":0,"quarantined":false,"doubt":false}');
CREATE TABLE service_instances (id TEXT PRIMARY KEY, service TEXT NOT NULL, card TEXT NOT NULL REFERENCES secure_components(id),
    state INTEGER NOT NULL, document TEXT NOT NULL, UNIQUE (service, card));
INSERT INTO service_instances VALUES('instance-1','service-1','card-1',14,'{"id":"instance-1","secureComponent":"card-1","reader":"eSE1","state":14,"lastStable":1,"failedOperation":0,"lastOperation":0,"executed":[0,2],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-1","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"minimumLevel":51,"blockSize":0,"extendedLength":false,"instanceFollowsElfDomain":false,"lockWithApplications":true,"ara":"none","privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":true,"domain":null,"runningProcess":"","created":"2026-11-22T10:00:00.000Z"}');
INSERT INTO service_instances VALUES('instance-2','service-2','card-1',1,'{"id":"instance-2","secureComponent":"card-1","reader":"eSE1","state":1,"lastStable":1,"failedOperation":0,"lastOperation":0,"executed":[],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-2","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"minimumLevel":51,"blockSize":0,"extendedLength":false,"instanceFollowsElfDomain":false,"lockWithApplications":true,"ara":"none","privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":false,"domain":null,"runningProcess":"process-2","created":"2026-11-22T10:00:00.000Z"}');
INSERT INTO service_instances VALUES('instance-3','service-1','card-2',1,'{"id":"instance-3","secureComponent":"card-2","reader":"eSE1","state":1,"lastStable":1,"failedOperation":0,"lastOperation":0,"executed":[],"suspendOnFinalize":false,"target":{"serviceProviderId":"01020304-0506-4708-890a-0b0c0d0e0f10","serviceId":"service-1","serviceName":"tickets","sdAid":"D2760001635353445D454C33FCF6ABCE","versionTag":"1.0.0","flavorId":"","flavorName":"","profileId":"","spParameters":{"color":"blue"},"loadFiles":[{"elfId":"elf-1","aid":"D276000185","sha256":"00FF","size":1234,"imports":["A0000000620101"]}],"applications":[{"elfAid":"D276000185","moduleAid":"D27600018501","instanceAid":"D27600018501","priority":255,"privileges":["CVMManagement"],"installParameters":"","makeSelectable":true,"accessibleViaApdu":false,"accessibleViaNfc":false,"hasPersonalization":false}],"deviceApps":[],"card":{"sdPackageAid":"A0000001515350","sdModuleAid":"A000000151535041","tsmSdAid":"D27600016354534D0001","sdInstallParameters":"81020370820120870120","tsmKeyVersion":48,"tsmRotatedVersion":49,"serviceKeyVersion":32,"keyBits":128,"minimumLevel":51,"blockSize":0,"extendedLength":false,"instanceFollowsElfDomain":false,"lockWithApplications":true,"ara":"none","privilegeBytes":3,"millisecondsPerApdu":30,"orderApdus":17,"orderBytes":131072,"orderSeconds":120,"memoryReserve":1024,"ruleHashSha1":true,"ruleHashSha256":true},"spos":{"url":"https://spos","certificate":"PEM"}},"onCard":false,"domain":null,"runningProcess":"","created":"2026-11-22T10:00:00.000Z"}');
CREATE TABLE processes (id TEXT PRIMARY KEY, session TEXT NOT NULL, instance TEXT NOT NULL, card TEXT NOT NULL, caller TEXT NOT NULL,
    version TEXT NOT NULL, requested TEXT NOT NULL, start_state INTEGER NOT NULL, started TEXT NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0, status INTEGER, message TEXT, ended TEXT);
INSERT INTO processes VALUES('process-1','session','instance-1','card-1','BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB','1.0.0','10',1,'2026-11-22T10:00:00.000Z',1,0,'','2026-11-22T10:00:05.000Z');
INSERT INTO processes VALUES('process-2','session','instance-2','card-1','BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB','1.0.0','10',1,'2026-11-22T10:00:00.000Z',0,NULL,NULL,NULL);
CREATE TABLE journal (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0);
INSERT INTO journal VALUES(1,'process-1','install service service-1','2026-11-29T19:18:13.867Z',1);
INSERT INTO journal VALUES(2,'process-2','install service service-2','2026-11-29T19:18:13.915Z',0);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, spos TEXT NOT NULL, body TEXT NOT NULL,
    created INTEGER NOT NULL, next_attempt INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT '',
    given_up INTEGER NOT NULL DEFAULT 0);
INSERT INTO outbox VALUES(1,'process-1','{"url":"https://spos","certificate":"PEM"}','{"processId":"process-1"}',1790000100,4000000000,1,'nobody listens',0);
INSERT INTO outbox VALUES(2,'process-0','{"url":"https://spos","certificate":"PEM"}','{"processId":"process-1"}',1790000100,4000000000,0,'72 hours',1);
CREATE TABLE card_log (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, response INTEGER NOT NULL,
    apdu TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL);
INSERT INTO card_log VALUES(1,'process-1',0,'80E60200','load',1795979893923);
INSERT INTO card_log VALUES(2,'process-1',1,'9000','load',1795979893923);
CREATE TABLE issuers (name TEXT PRIMARY KEY, url TEXT NOT NULL, certificate TEXT NOT NULL, transport_key BLOB NOT NULL,
    cards TEXT NOT NULL);
INSERT INTO issuers VALUES('lab','https://127.0.0.1:9543','PEM',X'090807','{"cplc":["54534C42"],"atr":[],"isd":[],"cardData":[]}');
CREATE TABLE apps (caller_id TEXT PRIMARY KEY, provider TEXT NOT NULL, credential_hash BLOB NOT NULL, created TEXT NOT NULL);
INSERT INTO apps VALUES('BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB','01020304-0506-4708-890a-0b0c0d0e0f10',X'010203','2026-11-29T19:18:13.816Z');
CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    chain BLOB NOT NULL);
INSERT INTO audit VALUES(1,'2026-11-29T19:18:13.804Z','issuer added','lab',X'cd77fcd5b70a653ec014e05ea7a82350eb3cefe0e5d2312bd39e074a213e5aeb');
INSERT INTO audit VALUES(2,'2026-11-29T19:18:13.816Z','app added','BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB',X'ad4778159329089839e34e517b79f8cecdc762b85b111e8c120386e1c97857ad');
INSERT INTO audit VALUES(3,'2026-11-29T19:18:13.820Z','card written','card-1',X'14ff7058343fc18bf99fd916508dd1bc635c9076b7e17020ca88f074992f631d');
INSERT INTO audit VALUES(4,'2026-11-29T19:18:13.820Z','instance state 14','instance-1',X'705bc2d7e4764e11c239e389b553cacaf8adefc4f8f04030da34ba5a90475d67');
INSERT INTO audit VALUES(5,'2026-11-29T19:18:13.832Z','instance state 1','instance-2',X'2bb0306c17b1463b198faac8081d7b13fcd24c6f4c12ef4e9917d68364c4fd10');
INSERT INTO audit VALUES(6,'2026-11-29T19:18:13.840Z','card written','card-2',X'09eda942e745687b83ecf710f410de1554d734b893fcbb4a8b153d277f5b04de');
INSERT INTO audit VALUES(7,'2026-11-29T19:18:13.840Z','instance state 1','instance-3',X'41dc78d3c72f5876e8837756a0b7867e50e3228438ba90c4b485c9bf0d2db248');
INSERT INTO audit VALUES(8,'2026-11-29T19:18:13.852Z','process begins','process-1',X'b9b4c936aec567afaad1a2b73a0fc6355a812c66a3f8b601d2feafa6e90e5554');
INSERT INTO audit VALUES(9,'2026-11-29T19:18:13.852Z','instance state 14','instance-1',X'6be683b889a5c77dbeaee1fb90da8ef1938d3b3058af2c6112837413855fd280');
INSERT INTO audit VALUES(10,'2026-11-29T19:18:13.872Z','card written','card-1',X'099e99e00daac232d160837513e76ed6f7ce9ae8800dd4a4521fe7bdba2f025e');
INSERT INTO audit VALUES(11,'2026-11-29T19:18:13.872Z','instance state 14','instance-1',X'753e48ee726237f3f15d8bf220ebd9b0725c693564edae9e0cd73aa435cae7a6');
INSERT INTO audit VALUES(12,'2026-11-29T19:18:13.872Z','process ends with 0','process-1',X'677ca7605b7a2035ababa67772498a2566c2251071bc4805921debd8037e690f');
INSERT INTO audit VALUES(13,'2026-11-29T19:18:13.904Z','result given up','2',X'8fc24d8cd7316e83bb4d26fe1c2d7e4a8b4c6316b397cbe70f66c4fa4edcb5ce');
INSERT INTO audit VALUES(14,'2026-11-29T19:18:13.905Z','process begins','process-2',X'caba57c3ba2513ad4a493055898bbcf15f32d8ea3678c614d166b2ee2155b317');
INSERT INTO audit VALUES(15,'2026-11-29T19:18:13.906Z','instance state 1','instance-2',X'0c56c21880946034c7a1773ae837bf8faa16fff1acf7ed7be0e11dfd46d949a3');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',15);
INSERT INTO sqlite_sequence VALUES('journal',2);
INSERT INTO sqlite_sequence VALUES('outbox',2);
INSERT INTO sqlite_sequence VALUES('card_log',2);
CREATE INDEX instances_by_card ON service_instances(card);
CREATE INDEX processes_running ON processes(id) WHERE ended IS NULL;
CREATE INDEX journal_by_process ON journal(process);
CREATE INDEX card_log_by_process ON card_log(process);
CREATE INDEX card_log_by_time ON card_log(at);
COMMIT;
PRAGMA user_version=1;
