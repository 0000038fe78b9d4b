using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>The addresses of a job, as <c>Location</c> has them.</summary>
internal static class JobLinks
{
    /// <summary>The job's result, for a caller with a token. The address never carries the token.</summary>
    public static string Result(string customer, string jobId, AnswerFlags flags = default) =>
        $"/{Uri.EscapeDataString(customer)}/job/{jobId}/result{flags.ToQueryString()}";

    /// <summary>The job's result, for a caller that used the task's secret: the job has a secret of its own.</summary>
    public static string ResultWithSecret(string jobId, string secret, AnswerFlags flags) => $"/job/{jobId}/secret/{secret}/result{flags.ToQueryString()}";

    /// <summary>The job's event stream.</summary>
    /// <param name="location">The address of its result.</param>
    public static string EventsOf(string location)
    {
        const string Result = "/result";
        var path = location.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? query : location.Length;
        return $"{location[..(path - Result.Length)]}/events{location[path..]}";
    }
}
