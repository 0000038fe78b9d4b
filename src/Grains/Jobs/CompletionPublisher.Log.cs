using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs;

internal sealed partial class CompletionPublisher
{
    [LoggerMessage(1030, LogLevel.Information, "Sending the completion of {JobKey}, and of {Others} others, to a gateway has failed {Tries} times.")]
    private partial void LogPushFailed(Exception fault, string jobKey, int others, int tries);
}
