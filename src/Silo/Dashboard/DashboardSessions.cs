using SyncCluster.Hosting;
using SyncCluster.Hosting.Operator;
using SyncCluster.Settings;

namespace SyncCluster.Silo.Dashboard;

/// <summary>
/// Who has signed in at this silo's dashboard: a random id, of which only the hash is kept, for eight hours. A session ends with the operator's token that
/// opened it, and with the process.
/// </summary>
internal sealed class DashboardSessions(ReloadedOptions<OperatorOptions> operators, TimeProvider timeProvider)
{
    /// <summary>How long a session lasts at most.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    /// <summary>So many there are at most; a new one then ends the oldest.</summary>
    private const int Most = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = [];

    /// <summary>Opens a session.</summary>
    /// <returns>Its id, for a cookie.</returns>
    public string Open()
    {
        var id = Secret.New();
        lock (_lock)
        {
            foreach (var (key, _) in _sessions.Where(session => !IsValid(session.Value)).ToArray())
            {
                _sessions.Remove(key);
            }

            if (_sessions.Count == Most)
            {
                _sessions.Remove(_sessions.MinBy(session => session.Value.Since).Key);
            }

            _sessions[Secret.KeyOf(id)] = new(timeProvider.GetTimestamp(), operators.Value.TokenSha256);
        }

        return id;
    }

    /// <summary>Whether there is such a session.</summary>
    public bool IsOpen(string? id)
    {
        lock (_lock)
        {
            return id is not null && _sessions.TryGetValue(Secret.KeyOf(id), out var session) && IsValid(session);
        }
    }

    /// <summary>Ends a session.</summary>
    public void Close(string id)
    {
        lock (_lock)
        {
            _sessions.Remove(Secret.KeyOf(id));
        }
    }

    private bool IsValid(Session session) =>
        timeProvider.GetElapsedTime(session.Since) < Lifetime
        && session.TokenSha256.Equals(operators.Value.TokenSha256, StringComparison.OrdinalIgnoreCase);

    private sealed record Session(long Since, string TokenSha256);
}
