using System.Globalization;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Events;

/// <summary>A client's position in an event stream: the <c>id</c> of an event, which the client sends as <c>Last-Event-ID</c>.</summary>
/// <param name="Lifecycle">The last lifecycle that was sent; null for none.</param>
/// <param name="Log">The bytes of the log that were sent.</param>
/// <param name="IsEnd">Whether all was sent.</param>
internal readonly record struct EventCursor(Lifecycle? Lifecycle, long Log, bool IsEnd)
{
    private const string End = "end";
    private static readonly Dictionary<string, Lifecycle> Lifecycles = Enum.GetValues<Lifecycle>().ToDictionary(lifecycle => lifecycle.WireName());

    /// <summary>The end of all that is told of a job.</summary>
    public static EventCursor Last { get; } = new(null, 0, true);

    /// <summary>Reads an id. One that no event of this server has had is the beginning.</summary>
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

        // If a job has ended before the stream began, its log comes before its only lifecycle.
        return dot == 0 ? new(null, log, false)
            : Lifecycles.TryGetValue(id![..dot], out var lifecycle) ? new(lifecycle, log, false)
            : default;
    }

    /// <inheritdoc/>
    public override string ToString() => IsEnd ? End : string.Create(CultureInfo.InvariantCulture, $"{Lifecycle?.WireName()}.{Log}");
}
