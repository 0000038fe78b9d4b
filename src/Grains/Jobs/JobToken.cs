using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace SyncCluster.Jobs;

/// <summary>
/// What a job's script shows when it calls a task and waits for it: the new job is then a child of the script's job. It is good while the script runs.
/// Only its hash is stored, as the id of the run.
/// </summary>
/// <param name="JobId">The job of the script.</param>
/// <param name="Run">The job's run.</param>
internal sealed record JobToken(string JobId, Guid Run)
{
    /// <summary>The header of a call that shows it.</summary>
    public const string Header = "Parent-Job";

    /// <summary>The variable of a script's environment that holds it.</summary>
    public const string Variable = "SYNCCLUSTER_JOB_TOKEN";

    private const int SecretLength = 32;

    /// <summary>Makes the token of a new run.</summary>
    /// <returns>The token as the script gets it, and the id of the run.</returns>
    public static (string Text, Guid Run) New(string jobId)
    {
        var secret = RandomNumberGenerator.GetBytes(SecretLength);
        return ($"{jobId}.{Base64Url.EncodeToString(secret)}", RunOf(secret));
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out JobToken? token)
    {
        token = null;
        Span<byte> secret = stackalloc byte[SecretLength];
        if (text.Split('.') is [var jobId, var encoded] && Jobs.JobId.IsValid(jobId)
            && encoded.Length == Base64Url.GetEncodedLength(SecretLength) && Base64Url.IsValid(encoded)
            && Base64Url.TryDecodeFromChars(encoded, secret, out var length) && length == SecretLength)
        {
            token = new(jobId, RunOf(secret));
        }

        return token is not null;
    }

    private static Guid RunOf(ReadOnlySpan<byte> secret) => new(SHA256.HashData(secret).AsSpan(0, 16));
}
