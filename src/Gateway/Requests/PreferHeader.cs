using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Requests;

/// <summary>
/// What a caller prefers (RFC 7240): of a preference that is given more than once the first counts; unknown and malformed ones are ignored, as the RFC
/// wants it.
/// </summary>
/// <param name="Wait">How long to wait at most, counted from the request's arrival; null where it is left to the server.</param>
/// <param name="RespondAsync">Whether an answer that the job goes on is as welcome as the job's own.</param>
internal readonly record struct PreferHeader(TimeSpan? Wait, bool RespondAsync)
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Longer waits than this are the same as it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Reads the values of the header <c>Prefer</c>.</summary>
    public static PreferHeader Of(StringValues header)
    {
        string? wait = null;
        var respondAsync = false;
        foreach (var line in header)
        {
            for (var rest = line.AsSpan(); !rest.IsEmpty;)
            {
                var preference = CutAt(',', ref rest);
                var named = CutAt(';', ref preference);
                var name = CutAt('=', ref named).Trim(" \t");
                if (name.Equals("wait", StringComparison.OrdinalIgnoreCase))
                {
                    wait ??= ValueOf(named.Trim(" \t"));
                }
                else if (name.Equals("respond-async", StringComparison.OrdinalIgnoreCase))
                {
                    respondAsync = true;
                }
            }
        }

        return new(Seconds(wait), respondAsync);
    }

    /// <summary>What comes before the next separator that stands in no quoted string; the rest is what comes after it.</summary>
    private static ReadOnlySpan<char> CutAt(char separator, ref ReadOnlySpan<char> rest)
    {
        var quoted = false;
        for (var i = 0; i < rest.Length; i++)
        {
            if (quoted && rest[i] == '\\')
            {
                i++;
            }
            else if (rest[i] == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && rest[i] == separator)
            {
                var cut = rest[..i];
                rest = rest[(i + 1)..];
                return cut;
            }
        }

        var whole = rest;
        rest = default;
        return whole;
    }

    /// <summary>A token or a quoted string; empty where it is neither, or holds what no number does.</summary>
    private static string ValueOf(ReadOnlySpan<char> value)
    {
        var text = value is ['"', .. var inner, '"'] ? inner : value;
        return text.ContainsAnyExcept(TokenCharacters) ? "" : text.ToString();
    }

    /// <summary>RFC 9110's delta-seconds: more than a number holds is a long time, and no mistake.</summary>
    private static TimeSpan? Seconds(string? digits)
    {
        if (string.IsNullOrEmpty(digits) || !digits.All(char.IsAsciiDigit))
        {
            return null;
        }

        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < Longest.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : Longest;
    }
}
