using System.Text;

namespace SyncCluster.TheEye.Jobs;

/// <summary>How a job ended. Output and result are copied into the document byte for byte.</summary>
public sealed record JobEnd
{
    public string Lifecycle { get; init; } = Jobs.Lifecycle.Finished;

    public string State { get; init; } = "success";

    /// <summary>JSON, UTF-8; null is JSON's null.</summary>
    public byte[]? Output { get; init; }

    /// <summary>A JSON object, UTF-8, without <c>user</c>; null: the result of a script that printed nothing but its output.</summary>
    public byte[]? Result { get; init; }

    /// <summary>The document's <c>trigger_name</c>; null: the state.</summary>
    public string? TriggerName { get; init; }

    /// <summary>A finished job with this JSON for its output.</summary>
    public static JobEnd Success(string outputJson) => new() { Output = Encoding.UTF8.GetBytes(outputJson) };

    /// <summary>A finished job whose script said <c>failure</c>.</summary>
    public static JobEnd Failure(string outputJson) => new() { State = "failure", Output = Encoding.UTF8.GetBytes(outputJson) };

    /// <summary>A job that was killed at its timeout.</summary>
    public static JobEnd Timeout() => new() { Lifecycle = Jobs.Lifecycle.Terminated, State = "timeout", Output = "[]"u8.ToArray() };
}
