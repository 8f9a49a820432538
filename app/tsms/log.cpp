#include "app/tsms/log.hpp"

#include "base/utf8.hpp"
#include "json/json.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace tsms::app {

log_sink open_log(const config& c, const std::string& role) {
    auto logger = spdlog::stderr_color_mt("tsms-" + role);
    logger->set_level(spdlog::level::from_str(c.log_level));
    const bool as_json = c.log_format == "json";
    if (as_json)
        logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","role":")" + role + R"(","message":%v})",
                            spdlog::pattern_time_type::utc);
    else
        logger->set_pattern("%H:%M:%S.%e %^%-7l%$ " + role + ": %v");
    // What others say is quoted in messages: it must not end the line and forge the next one.
    return [logger, as_json](const log_event& e) {
        const auto level = e.level == severity::error     ? spdlog::level::err
                           : e.level == severity::warning ? spdlog::level::warn
                                                          : spdlog::level::info;
        logger->log(level, "{}", as_json ? json::dump(json::value(e.text)) : text::quotable(e.text));
    };
}

} // namespace tsms::app
