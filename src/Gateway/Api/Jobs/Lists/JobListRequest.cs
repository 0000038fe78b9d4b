using System.Globalization;
using Microsoft.Extensions.Primitives;
using SyncCluster.Gateway.Auth;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;

namespace SyncCluster.Gateway.Api.Jobs.Lists;

/// <summary>What the query of a request for jobs asks for, in the words of TheEye's supervisor, and a cursor and times of our own.</summary>
/// <param name="Query">Which jobs.</param>
/// <param name="Projection">Which members of their documents.</param>
internal sealed record JobListRequest(JobQuery Query, RowProjection Projection)
{
    /// <summary>How many jobs are listed without a <c>limit</c>.</summary>
    public const int DefaultLimit = 100;

    /// <summary>How many are listed at most: <c>Next-Cursor</c> leads to the others.</summary>
    public const int MaxLimit = 1000;

    private const int MaxSkip = 1_000_000;
    private const int MaxValues = 100;

    /// <param name="query">The request's query. What has nothing to do with lists is ignored.</param>
    /// <param name="caller">Who asks.</param>
    public static Result<JobListRequest> Of(IQueryCollection query, Caller caller)
    {
        var jobs = new JobQuery { Viewer = caller.Viewer, Limit = DefaultLimit };
        if (!AddWhere(jobs, query).TryGet(out jobs, out var problem)
            || !AddTimes(jobs, query).TryGet(out jobs, out problem)
            || !AddPage(jobs, query).TryGet(out jobs, out problem)
            || !RowProjection.Of(query).TryGet(out var projection, out problem))
        {
            return problem;
        }

        return new JobListRequest(jobs, projection);
    }

    private static Result<JobQuery> AddWhere(JobQuery jobs, IQueryCollection query)
    {
        var values = 0;
        foreach (var (name, given) in query.Where(parameter => parameter.Key.StartsWith("where", StringComparison.Ordinal)))
        {
            if (!TryReadMember(name, "where", out var member, out var rest) || !IsPlace(rest) || (values += given.Count) > MaxValues)
            {
                return Problems.BadWhere;
            }

            var texts = given.OfType<string>().ToArray();
            switch (member)
            {
                case "task_id":
                    jobs = jobs with { Tasks = [.. jobs.Tasks ?? [], .. texts] };
                    break;
                case "user.username":
                    jobs = jobs with { Callers = [.. jobs.Callers ?? [], .. texts] };
                    break;
                case "restarted_from":
                    jobs = jobs with { RestartedFrom = [.. jobs.RestartedFrom ?? [], .. texts] };
                    break;
                case "lifecycle":
                    var lifecycles = Enum.GetValues<Lifecycle>().Where(one => texts.Contains(one.WireName()));
                    jobs = jobs with { Lifecycles = [.. jobs.Lifecycles ?? [], .. lifecycles] };
                    break;
                case "state":
                    var states = Enum.GetValues<JobState>().Where(one => texts.Contains(one.WireName()));
                    jobs = jobs with { States = [.. jobs.States ?? [], .. states] };
                    break;
                default:
                    return Problems.BadWhere;
            }
        }

        return jobs;
    }

    private static Result<JobQuery> AddTimes(JobQuery jobs, IQueryCollection query) =>
        TryReadTime(query["since"], out var since) && TryReadTime(query["until"], out var until)
            ? jobs with { Since = since, Until = until }
            : Problems.BadTimes;

    private static Result<JobQuery> AddPage(JobQuery jobs, IQueryCollection query)
    {
        foreach (var (name, given) in query.Where(parameter => parameter.Key.StartsWith("sort", StringComparison.Ordinal)))
        {
            if (!TryReadMember(name, "sort", out var member, out var rest) || (member, rest) != ("creation_date", "") || given is not ["1" or "-1"])
            {
                return Problems.BadSort;
            }

            jobs = jobs with { IsAscending = given == "1" };
        }

        if (!TryReadNumber(query["limit"], DefaultLimit, out var limit) || limit == 0
            || !TryReadNumber(query["skip"], 0, out var skip) || skip > MaxSkip
            || (skip > 0 && query.ContainsKey("cursor")))
        {
            return Problems.BadPage;
        }

        return query["cursor"] switch
        {
            [] => jobs with { Limit = Math.Min(limit, MaxLimit), Skip = skip },
            [{ } cursor] when JobPosition.TryParse(cursor, out _) => jobs with { Limit = Math.Min(limit, MaxLimit), After = cursor },
            _ => Problems.BadCursor,
        };
    }

    /// <summary>Reads <c>name[member]</c> and what stands behind.</summary>
    internal static bool TryReadMember(string parameter, string name, out string member, out string rest)
    {
        (member, rest) = ("", "");
        var end = parameter.IndexOf(']', StringComparison.Ordinal);
        if (end < 0 || !parameter.StartsWith($"{name}[", StringComparison.Ordinal))
        {
            return false;
        }

        (member, rest) = (parameter[(name.Length + 1)..end], parameter[(end + 1)..]);
        return true;
    }

    /// <summary>Nothing, <c>[]</c>, or a place in a list, such as <c>[0]</c>.</summary>
    private static bool IsPlace(string text) =>
        text.Length == 0 || (text is ['[', .. var place, ']'] && place.Length <= 3 && place.All(char.IsAsciiDigit));

    private static bool TryReadNumber(StringValues given, int otherwise, out int number)
    {
        number = otherwise;
        return given.Count == 0
            || (given is [{ Length: > 0 and <= 9 } text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number));
    }

    private static bool TryReadTime(StringValues given, out DateTimeOffset? time)
    {
        time = null;
        if (given.Count == 0)
        {
            return true;
        }

        if (given is not [{ Length: <= 40 } text]
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read))
        {
            return false;
        }

        time = read;
        return true;
    }
}
