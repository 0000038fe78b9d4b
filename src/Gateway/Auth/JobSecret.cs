using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Auth;

/// <summary>The secret of a job whose call used its task's secret. It names the customer, so that the job can be found by it.</summary>
internal static class JobSecret
{
    public static string Of(string customer, string text) => $"{customer}.{text}";

    /// <summary>The customer that a secret names; null if it can't be a job's.</summary>
    public static string? CustomerOf(string secret) =>
        secret.LastIndexOf('.') is >= 0 and var dot && CustomerName.IsValid(secret[..dot]) ? secret[..dot] : null;

    /// <summary>Whether it is the job's secret.</summary>
    public static bool Matches(string secret, JobAccess access) => access.SecretHash is { } hash && Secret.Matches(secret, hash);
}
