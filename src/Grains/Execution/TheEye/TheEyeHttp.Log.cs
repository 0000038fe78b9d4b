using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class TheEyeHttp
{
    [LoggerMessage(2350, LogLevel.Warning, "A request to TheEye has failed: {Reason} ({Fault}, {Error}).")]
    private partial void LogFailed(TheEyeFault reason, string fault, HttpRequestError? error);
}
