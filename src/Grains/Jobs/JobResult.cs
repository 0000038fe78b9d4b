using SyncCluster.Json;

namespace SyncCluster.Jobs;

/// <summary>The <c>result</c> of a job's document, without its <c>user</c>: how the process ended.</summary>
internal sealed record JobResult
{
    /// <summary>The exit code; null if there was none.</summary>
    public int? Code { get; init; }

    public string Log { get; init; } = "";

    public string LastLine { get; init; } = "";

    public string? Signal { get; init; }

    public bool Killed { get; init; }

    public TimeSpan Elapsed { get; init; }

    /// <summary>The output as the script gave it: JSON; null if it gave none.</summary>
    public byte[]? Output { get; init; }

    /// <summary>JSON, UTF-8, an object.</summary>
    public byte[] Render() => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("code");
        if (Code is { } code)
        {
            json.WriteNumberValue(code);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteString("log", Log);
        json.WriteString("lastline", LastLine);
        json.WriteString("signal", Signal);
        json.WriteBoolean("killed", Killed);
        json.WriteStartObject("times");
        json.WriteNumber("seconds", Elapsed.Ticks / TimeSpan.TicksPerSecond);
        json.WriteNumber("nanoseconds", Elapsed.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        json.WriteEndObject();
        json.WritePropertyName("output");
        json.WriteRawValue(Output ?? "null"u8, skipInputValidation: true);
        json.WriteEndObject();
    });
}
