using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Auth;

/// <summary>The secret of a job that was called with its task's: it names the customer, so that the job can be found by it.</summary>
internal static class JobSecret
{
    public static string Of(string customer, string text) => $"{customer}.{text}";

    /// <summary>The customer that a secret names; null where it can't be a job's.</summary>
    public static string? CustomerOf(string secret) =>
        secret.LastIndexOf('.') is >= 0 and var dot && CustomerName.IsValid(secret[..dot]) ? secret[..dot] : null;

    /// <summary>Whether it is the job's.</summary>
    public static bool Opens(string secret, JobAccess access) => access.SecretHash is { } hash && Secret.Matches(secret, hash);
}
