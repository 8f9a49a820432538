#pragma once
// The TSM-API (TR 4.2) for an SP app in C++. Functions, parameters and results have the TR's names and meaning; the
// result types are in model/results.hpp.
//
//     tsms::sdk::tsm_api_options options;
//     options.url = "https://tsm.example:9443";
//     options.ca_pem = …;  options.caller_id = …;  options.components = {my_transport};
//     tsms::sdk::tsm_api api(options);
//     auto created = api.createServiceInstance(SERVICE_ID, "1.0.0");
//     auto deployed = api.deployService(created.service_instance->id, {install, activate}, true, &listener).get();
//
// No function throws for what can happen in the field: every failure is an executionStatus with an executionMessage
// (TR 4.2.4.4).

#include "crypto/secret.hpp"
#include "model/results.hpp"
#include "sdk/log_book.hpp"
#include "sdk/pending_calls.hpp"
#include "sdk/session.hpp"
#include "sdk/transport.hpp"

#include <functional>
#include <future>
#include <memory>

namespace tsms::sdk {

/// TR 4.2.3.6. Called on the thread that carries the session, before the future is ready.
class ProcessListener {
public:
    virtual ~ProcessListener() = default;
    /// An exception means that the app did not get the message: the process is aborted with 6 EXECUTION_INTERRUPTED
    /// before anything on the secure component is changed (AMB-132).
    virtual void onProcessStart(const model::process_start& processStartInfo) = 0;
    /// Exceptions are ignored (AMB-133).
    virtual void onProcessProgress(const model::process_progress& processProgressInfo) = 0;
};

struct tsm_api_options {
    std::string url; ///< device port of the backend, "https://host:9443"
    /// The version of the guideline whose TSM-API this is: which categories an executionStatus has, and how its message
    /// begins (TR 4.2.4.4, DIV-119). V1.0.4 has categories of its own, 14 to 20.
    model::dialect dialect = model::dialect::v1_0;
    std::string ca_pem;        ///< trust anchors of the backend; empty: the system's
    std::string caller_id;     ///< AMB-142: SHA-256 over the app's signing certificate (DER), upper-case hex
    crypto::secret credential; ///< the app's own, issued by the TSM (AMB-146); may be empty
    std::vector<std::shared_ptr<secure_component>> components; ///< those that the app can reach, at most 16
    /// Gets a line for each reader that is not accessible: a secure component that did not answer at all is none for
    /// the TSM-API (TR 4.2.5.2, AMB-240), and no result names it. Called on the thread of the call; may be empty.
    std::function<void(const std::string&)> log = {};
    retry_policy retry;
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds answer_timeout{40000}; ///< until the answer to a request begins (SERAM: 40 s)
    net::pace transfer;                              ///< of requests and answers: a slow link is none that is broken
    /// Each call asks for its first order (DIV-106), which saves two exchanges. A backend that does not know how
    /// answers as to every Local Agent.
    bool first_report = true;
    /// Remembers calls over the death of the app: the first one behind it ends at the backend what they have begun,
    /// where everybody else waits until the phone counts as lost (DIV-113). Null: only as long as this object lives.
    std::shared_ptr<pending_store> pending = nullptr;
};

/// Functions may be called from any thread; they run one after the other, because a card carries one session at a time.
/// The synchronous ones block and use the network: not for a UI thread (AMB-143). A future's destructor waits for its
/// call to end.
class tsm_api {
public:
    /// Throws net::configuration_error for a malformed URL or CA, and pending_error where what options.pending has
    /// cannot be used.
    explicit tsm_api(tsm_api_options options);
    ~tsm_api();

    /// A token of the SP for the next calls instead of the app's credential; called before each of them. Null resets to
    /// the credential. An exception of it is 5 NOT_AUTHENTICATED (AMB-146).
    using token_source = std::function<crypto::secret()>;
    void setAccessToken(token_source getToken);

    model::create_service_instance_result createServiceInstance(const std::string& serviceId,
                                                                const std::string& version);
    model::get_service_instances_result getServiceInstances(const std::string& serviceId);

    /// The listener may be null; it must live until the future is ready.
    std::future<model::deploy_service_result> deployService(std::string serviceInstanceId,
                                                            std::vector<model::command_request> serviceCommands,
                                                            bool finalizeDeployment,
                                                            ProcessListener* listener = nullptr);
    std::future<model::update_service_result> updateService(std::string serviceInstanceId, std::string newVersion,
                                                            std::vector<model::command_request> serviceCommands,
                                                            bool finalizeDeployment,
                                                            ProcessListener* listener = nullptr);
    std::future<model::suspend_or_resume_result>
    suspendOrResumeService(std::string serviceInstanceId, bool suspensionControl, ProcessListener* listener = nullptr);
    std::future<model::terminate_service_result> terminateService(std::string serviceInstanceId,
                                                                  ProcessListener* listener = nullptr);
    std::future<model::service_deployment_available_result> checkServiceDeploymentAvailable(std::string serviceId,
                                                                                            std::string version);
    std::future<model::service_update_available_result> checkServiceUpdateAvailable(std::string serviceInstanceId,
                                                                                    std::string newVersion);

    /// Cancels the call that runs, from any thread, and blocks for an exchange at most. True: no change of a secure
    /// component follows. The call ends with 6 EXECUTION_INTERRUPTED, unless it needs nothing more of the card: then it
    /// ends as it would have. A call that has no session yet is sent once more, to be cancelled at the backend
    /// (DIV-107); who does not want to wait for that cancels again. False: no call runs, it is too late, or the backend
    /// could not be asked; then it goes on to its end (AMB-148).
    bool cancel();

    /// Who is told what the SDK does (TR 3.5.2). The last log_book::most_messages are kept from the beginning, and
    /// whoever registers gets them first; null takes the listener away, and from then on it is not called any more.
    /// Called on the thread that has something to say, one message after the other; it may call back into this object,
    /// but must not wait for a call of it.
    void setLogListener(log_book::listener listener, log_delivery when = log_delivery::at_once);

    /// Cost of all calls that have ended.
    statistics counted() const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace tsms::sdk
