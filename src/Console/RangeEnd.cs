using System.Globalization;
using SyncCluster.Json;

namespace SyncCluster.WebConsole;

/// <summary>Where a range of time begins or ends, as an address has it: a day such as <c>2026-01-31</c>, or a time such as <c>2026-01-31T10:00Z</c>.</summary>
/// <param name="Text">The day or the time, in UTC unless it says otherwise; empty for none.</param>
public sealed record RangeEnd(string Text)
{
    private const string DayFormat = "yyyy-MM-dd";

    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static RangeEnd None { get; } = new("");

    public bool IsNone => Text.Length == 0;

    /// <summary>Whether it is neither none, nor a day, nor a time.</summary>
    public bool IsWrong => !IsNone && Begin is null;

    /// <summary>The time, or that at which the day begins; null if there is none.</summary>
    public DateTimeOffset? Begin => Parse(DayFormat) ?? Parse(TimeFormats);

    /// <summary>The time, or that at which the day is over; null if there is none.</summary>
    public DateTimeOffset? End => Parse(DayFormat) is not { } day ? Parse(TimeFormats)
        : day.Date == DateTime.MaxValue.Date ? DateTimeOffset.MaxValue
        : day.AddDays(1);

    /// <summary>The day in UTC, as a field of a form has it.</summary>
    public string DayField => Begin?.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture) ?? "";

    /// <summary>The time of the day in UTC, as a field of a form has it; empty for a day.</summary>
    public string TimeField => Parse(TimeFormats)?.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Of a time, to the millisecond.</summary>
    public static RangeEnd Of(DateTimeOffset time) => new(JsonText.Iso(time));

    private DateTimeOffset? Parse(params string[] formats) => DateTimeOffset.TryParseExact(
        Text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
