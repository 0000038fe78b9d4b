using Microsoft.Extensions.Logging;

namespace SyncCluster.Settings;

internal sealed partial class ReloadedOptions<TOptions>
{
    [LoggerMessage(1440, LogLevel.Information, "The configuration was changed, and {Section} was read again.")]
    private partial void LogReloaded(string section);

    [LoggerMessage(
        1441, LogLevel.Error, "The configuration was changed, but {Section} is refused, and what was configured before stays in force. {Reason}")]
    private partial void LogRefused(string section, string reason);
}
