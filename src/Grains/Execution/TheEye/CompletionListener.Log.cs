using Microsoft.Extensions.Logging;

namespace SyncCluster.Execution.TheEye;

internal sealed partial class CompletionListener
{
    [LoggerMessage(2340, LogLevel.Debug, "TheEye's Redis announces the end of jobs: the subscription stands.")]
    private partial void LogSubscribed();

    [LoggerMessage(EventId = 2341, Message = "TheEye's Redis can't be listened to. The supervisor is asked about each job instead: {Fault}")]
    private partial void LogNotSubscribed(LogLevel level, string fault);
}
