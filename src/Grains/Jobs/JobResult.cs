using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>The <c>result</c> of a job document, but for its <c>user</c>.</summary>
internal sealed record JobResult
{
    /// <summary>The exit code; null where there is none.</summary>
    public int? Code { get; init; }

    public string Log { get; init; } = "";

    public string LastLine { get; init; } = "";

    /// <summary>The signal that ended the script; null where none did.</summary>
    public string? Signal { get; init; }

    public bool Killed { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>The stored output.</summary>
    public required byte[] Output { get; init; }

    /// <summary>As JSON, UTF-8.</summary>
    public byte[] Render() => JsonText.Write(json =>
    {
        json.WriteStartObject();
        if (Code is { } code)
        {
            json.WriteNumber("code", code);
        }
        else
        {
            json.WriteNull("code");
        }

        json.WriteString("log", Log);
        json.WriteString("lastline", LastLine);
        json.WriteString("signal", Signal);
        json.WriteBoolean("killed", Killed);
        json.WriteStartObject("times");
        json.WriteNumber("seconds", (long)Elapsed.TotalSeconds);
        json.WriteNumber("nanoseconds", Elapsed.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        json.WriteEndObject();
        json.WritePropertyName("output");
        json.WriteRawValue(Output, skipInputValidation: true);
        json.WriteEndObject();
    });
}
