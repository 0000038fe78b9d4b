using StackExchange.Redis;

namespace SyncCluster;

/// <summary>Reads a connection string for Redis, with this service's defaults.</summary>
internal static class RedisConnectionString
{
    // Callers time out after 3 s, so a command times out after 2 s. While the connection is down a command fails at once: all callers retry.
    // Of several servers, the primary is looked for every 3 s: the library's own 60 s would be an outage after a planned switch-over.
    private const string Defaults =
        "abortConnect=false,connectTimeout=2000,asyncTimeout=2000,syncTimeout=2000,connectRetry=0,configCheckSeconds=3";

    /// <summary>Parses a connection string; null if it is not valid.</summary>
    /// <param name="text">In the form of StackExchange.Redis; it may contain the password. Its settings override the defaults.</param>
    /// <param name="moreDefaults">More defaults, in the same form.</param>
    public static ConfigurationOptions? Read(string text, string moreDefaults = "")
    {
        try
        {
            var options = ConfigurationOptions.Parse($"{Defaults},{moreDefaults},{text}");
            options.BacklogPolicy = BacklogPolicy.FailFast;
            options.ReconnectRetryPolicy = new LinearRetry(500);
            return options.EndPoints.Count > 0 ? options : null;
        }
        catch (ArgumentException)
        {
            // The exception's message may contain the password.
            return null;
        }
    }
}
