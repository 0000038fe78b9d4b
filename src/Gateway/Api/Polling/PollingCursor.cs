using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>A client's position in a chain of waits for one job, as its query says.</summary>
/// <param name="Counter">How many waits have ended before; null if the query does not say.</param>
/// <param name="Limit">The counter after which there are no more waits; null if the query does not say.</param>
/// <param name="Timeout">How long this wait may last.</param>
internal readonly record struct PollingCursor(int? Counter, int? Limit, TimeSpan Timeout)
{
    public const int DefaultLimit = 10;
    public const int DefaultTimeout = 10;

    /// <summary>The longest chain, whatever its limit says: with the longest waits, 16 hours.</summary>
    public const int MaxWaits = 1000;

    private const int Shortest = 10;
    private const int Longest = 60;

    private static readonly string[] Numbers = ["counter", "limit", "timeout"];

    /// <summary>The counter of the next wait; null if this was the last one. A counter above its limit counts as equal: the chain must end.</summary>
    public int? Next => (Counter, Limit) switch
    {
        (null, null) => null,
        (null, _) => 0,
        ({ } counter, var limit) => counter < Math.Min(limit ?? DefaultLimit, MaxWaits) ? counter + 1 : null,
    };

    /// <returns>Null: one of the numbers is malformed. TheEye accepts anything, even waits without an end.</returns>
    public static PollingCursor? Of(IQueryCollection query)
    {
        var given = new int?[Numbers.Length];
        for (var i = 0; i < Numbers.Length; i++)
        {
            if (query.TryGetValue(Numbers[i], out var values) && (given[i] = Read(values)) is null)
            {
                return null;
            }
        }

        return new(given[0], given[1], TimeSpan.FromSeconds(given[2] is { } timeout ? Math.Clamp(timeout, Shortest, Longest) : Longest));
    }

    /// <summary>Whether a query belongs to this dialect, on a path that both dialects have.</summary>
    public static bool IsIn(IQueryCollection query) => query.ContainsKey("output") || Numbers.Any(query.ContainsKey);

    private static int? Read(StringValues values) =>
        values is [{ Length: > 0 and <= 9 } text] && text.All(char.IsAsciiDigit) ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
