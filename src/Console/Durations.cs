using System.Globalization;

namespace SyncCluster.WebConsole;

/// <summary>Times as people read them.</summary>
public static class Durations
{
    public static string Text(TimeSpan time)
    {
        var format = CultureInfo.InvariantCulture;
        return time.TotalMilliseconds < 1000 ? string.Create(format, $"{Math.Max(0, time.TotalMilliseconds):F0} ms")
            : time.TotalSeconds < 60 ? string.Create(format, $"{time.TotalSeconds:0.##} s")
            : time.TotalMinutes < 60 ? string.Create(format, $"{(int)time.TotalMinutes} min {time.Seconds} s")
            : string.Create(format, $"{(int)time.TotalHours} h {time.Minutes} min");
    }
}
