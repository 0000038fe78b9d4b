using System.Globalization;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Events;

/// <summary>How far a follower has come: what an event's <c>id</c> says, and <c>Last-Event-ID</c> gives back.</summary>
/// <param name="Lifecycle">The last one that was told; null for none.</param>
/// <param name="Log">Bytes of the log that were sent.</param>
/// <param name="IsEnd">Whether all was told.</param>
internal readonly record struct EventCursor(Lifecycle? Lifecycle, long Log, bool IsEnd)
{
    private const string End = "end";
    private static readonly Dictionary<string, Lifecycle> Lifecycles = Enum.GetValues<Lifecycle>().ToDictionary(lifecycle => lifecycle.WireName());

    /// <summary>The end of all that is told of a job.</summary>
    public static EventCursor Last { get; } = new(null, 0, true);

    /// <summary>Reads what a client says; what no event of ours has said is the beginning.</summary>
    public static EventCursor Of(string? id)
    {
        if (id == End)
        {
            return Last;
        }

        var dot = id?.IndexOf('.') ?? -1;
        if (dot < 0 || !long.TryParse(id.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var log))
        {
            return default;
        }

        // Where a job had ended before it was followed, its log comes before its only lifecycle.
        return dot == 0 ? new(null, log, false)
            : Lifecycles.TryGetValue(id![..dot], out var lifecycle) ? new(lifecycle, log, false)
            : default;
    }

    /// <inheritdoc/>
    public override string ToString() => IsEnd ? End : string.Create(CultureInfo.InvariantCulture, $"{Lifecycle?.WireName()}.{Log}");
}
