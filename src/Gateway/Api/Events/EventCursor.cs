using System.Globalization;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Api.Events;

/// <summary>
/// A client's position in the event stream of a job: the <c>id</c> of an event, which the client sends as <c>Last-Event-ID</c>. The default is the
/// beginning.
/// </summary>
/// <param name="Job">The job's id; null in an id of version 0.1, which names no job.</param>
/// <param name="Lifecycle">The last lifecycle that was sent; null for none.</param>
/// <param name="Log">The bytes of the log that were sent.</param>
/// <param name="IsEnd">Whether all was sent.</param>
internal readonly record struct EventCursor(string? Job, Lifecycle? Lifecycle, long Log, bool IsEnd)
{
    private const string End = "end";
    private static readonly Dictionary<string, Lifecycle> Lifecycles = Enum.GetValues<Lifecycle>().ToDictionary(lifecycle => lifecycle.WireName());

    /// <summary>The position that a request states, in whatever stream.</summary>
    public static EventCursor Of(HttpRequest request) => Of(request.Headers["Last-Event-ID"].ToString());

    /// <summary>Reads an id. One that no event of this server has had is the beginning.</summary>
    public static EventCursor Of(string? id)
    {
        if (id is null)
        {
            return default;
        }

        var dot = id.IndexOf('.', StringComparison.Ordinal);
        return dot >= 0 && JobId.IsValid(id[..dot]) && Of(id[..dot], id[(dot + 1)..]) is { } named ? named : Of(null, id) ?? default;
    }

    /// <summary>This position, if it is one in the stream of the job; else the beginning.</summary>
    public EventCursor In(string job) => Job is null || Job == job ? this : default;

    /// <inheritdoc/>
    public override string ToString() =>
        IsEnd ? $"{Job}.{End}" : string.Create(CultureInfo.InvariantCulture, $"{Job}.{Lifecycle?.WireName()}.{Log}");

    private static EventCursor? Of(string? job, string position)
    {
        if (position == End)
        {
            return new(job, null, 0, true);
        }

        var dot = position.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !long.TryParse(position.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var log))
        {
            return null;
        }

        // If a job has ended before the stream began, its log comes before its only lifecycle.
        return dot == 0 ? new(job, null, log, false)
            : Lifecycles.TryGetValue(position[..dot], out var lifecycle) ? new(job, lifecycle, log, false)
            : null;
    }
}
