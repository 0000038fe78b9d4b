using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>Where a client is in a row of waits for one job, as its query says.</summary>
/// <param name="Counter">How many waits have ended before; null where the query has none.</param>
/// <param name="Limit">After which count there are no more; null where the query has none.</param>
/// <param name="Timeout">How long this wait may last.</param>
internal readonly record struct PollingCursor(int? Counter, int? Limit, TimeSpan Timeout)
{
    public const int DefaultLimit = 10;
    public const int DefaultTimeout = 10;

    /// <summary>No row is longer, whatever its limit says: with the longest waits, 16 hours.</summary>
    public const int LongestRow = 1000;

    private const int Shortest = 10;
    private const int Longest = 60;

    private static readonly string[] Numbers = ["counter", "limit", "timeout"];

    /// <summary>What TheEye takes for anything, down to waits that never end, is refused.</summary>
    public static Problem Malformed { get; } = new(
        StatusCodes.Status400BadRequest, "`counter`, `limit` and `timeout` are whole numbers, each given once, of at most 9 digits.");

    /// <summary>The counter of the next wait; null where this one was the last. A counter above its limit counts as equal: the row must end.</summary>
    public int? Next => (Counter, Limit) switch
    {
        (null, null) => null,
        (null, _) => 0,
        ({ } counter, var limit) => counter < Math.Min(limit ?? DefaultLimit, LongestRow) ? counter + 1 : null,
    };

    /// <summary>Null where one of the numbers is none.</summary>
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

    /// <summary>Whether a path that both dialects have is asked in this one, by what only this one knows.</summary>
    public static bool IsAsked(IQueryCollection query) => query.ContainsKey("output") || Numbers.Any(query.ContainsKey);

    private static int? Read(StringValues values) =>
        values is [{ Length: > 0 and <= 9 } text] && text.All(char.IsAsciiDigit) ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
