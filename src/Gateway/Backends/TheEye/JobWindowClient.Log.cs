namespace SyncCluster.Gateway.Backends.TheEye;

internal sealed partial class JobWindowClient
{
    [LoggerMessage(4760, LogLevel.Information, "Ticket {Ticket}: a call to the window of its task has failed.")]
    private partial void LogNoAnswer(Exception fault, string ticket);
}
