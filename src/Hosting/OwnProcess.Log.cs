namespace SyncCluster.Hosting;

internal static partial class OwnProcess
{
    [LoggerMessage(3160, LogLevel.Warning, "DOTNET_EnableDiagnostics is 1: every process of this user, scripts included, can read the memory of this server.")]
    private static partial void LogOpen(ILogger logger);
}
