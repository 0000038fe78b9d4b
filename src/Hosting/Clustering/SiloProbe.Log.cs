namespace SyncCluster.Hosting.Clustering;

internal sealed partial class SiloProbe
{
    [LoggerMessage(3145, LogLevel.Warning, "No silo answers: this gateway is not ready. {Error}")]
    private partial void LogSilent(string error);

    [LoggerMessage(3146, LogLevel.Information, "Silos answer again.")]
    private partial void LogAnswered();
}
