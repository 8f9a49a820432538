#include "app/tsms/log.hpp"

#include "app/tsms/log_line.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace tsms::app {

log_sink open_log(const config& c, const std::string& role, const time_source& time) {
    auto logger = spdlog::stderr_color_mt("tsms-" + role);
    logger->set_level(spdlog::level::from_str(c.log_level));
    const auto printed = c.log_format == "json" ? &json_line : &human_line;
    logger->set_pattern(c.log_format == "json" ? "%v" : "%^%v%$"); // on a terminal in the color of its severity
    return [logger, printed, role, &time](const log_event& e) {
        const auto level = e.level == severity::error     ? spdlog::level::err
                           : e.level == severity::warning ? spdlog::level::warn
                                                          : spdlog::level::info;
        if (logger->should_log(level))
            logger->log(level, "{}", printed(e, time.wall(), role));
    };
}

} // namespace tsms::app
