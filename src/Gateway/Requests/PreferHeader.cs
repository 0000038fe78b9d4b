using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace SyncCluster.Gateway.Requests;

/// <summary>
/// The <c>Prefer</c> header (RFC 7240). Of a repeated preference the first counts; unknown and malformed preferences are ignored. The framework's parsers
/// will not do: they reject the whole list for one malformed element.
/// </summary>
/// <param name="Wait">The longest wait, counted from the request's arrival; null if the server decides.</param>
/// <param name="RespondAsync">Whether the caller accepts 202 instead of the job's answer.</param>
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

    /// <summary>The text before the next separator outside of quoted strings; the rest is the text after it.</summary>
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
