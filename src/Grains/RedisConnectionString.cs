using StackExchange.Redis;

namespace SyncCluster;

/// <summary>How this service connects to a Redis.</summary>
internal static class RedisConnectionString
{
    // An answer that takes longer than 2 s is none, since callers give up after 3. While the connection is down a command fails at once: all that
    // is written is written again by whoever needs it.
    private const string Defaults = "abortConnect=false,connectTimeout=2000,asyncTimeout=2000,syncTimeout=2000,connectRetry=0";

    /// <summary>Null where it is no connection string.</summary>
    /// <param name="text">As StackExchange.Redis writes it; the password may be in it. What it says goes before the defaults.</param>
    /// <param name="moreDefaults">Of the same form.</param>
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
            // Its message may show the password.
            return null;
        }
    }
}
