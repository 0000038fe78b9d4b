namespace SyncCluster.Gateway.Backends.TheEye;

internal sealed partial class TheEyeJobAllocator
{
    [LoggerMessage(4200, LogLevel.Information, "The job of the idempotency key with the hash {IdempotencyId} can't be looked up yet.")]
    private partial void LogLookupFailed(Exception exception, string idempotencyId);
}
