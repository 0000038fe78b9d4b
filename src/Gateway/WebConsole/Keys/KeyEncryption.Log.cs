namespace SyncCluster.Gateway.WebConsole.Keys;

internal sealed partial class KeyEncryption
{
    [LoggerMessage(
        4500,
        LogLevel.Warning,
        "The keys of the console's cookies are in Redis as good as in plain text: set Operator:TokenSha256, or a password of Redis, to encrypt them.")]
    private static partial void LogNoSecret(ILogger logger);
}
