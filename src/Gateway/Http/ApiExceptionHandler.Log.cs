namespace SyncCluster.Gateway.Http;

internal sealed partial class ApiExceptionHandler
{
    [LoggerMessage(4000, LogLevel.Warning, "A request was answered 503: the cluster or its storage can't be reached.")]
    private partial void LogUnreachable(Exception exception);

    [LoggerMessage(4001, LogLevel.Error, "A request failed.")]
    private partial void LogFault(Exception exception);
}
