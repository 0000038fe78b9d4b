using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Where a job's result is to be had.</summary>
internal static class JobLinks
{
    public static Problem NoSuchJob => new(StatusCodes.Status404NotFound, "There is no such job: its id is wrong, or it has been too long ago.");

    public static Problem NoSuchTask => new(StatusCodes.Status404NotFound, "There is no such task.");

    /// <summary>For whoever has a token. It never carries one.</summary>
    public static string Of(string customer, string jobId, AnswerFlags flags) => $"/{Uri.EscapeDataString(customer)}/job/{jobId}/result{flags.ToQueryString()}";

    /// <summary>For whoever called with the task's secret: the job has one of its own.</summary>
    public static string WithSecret(string jobId, string secret, AnswerFlags flags) => $"/job/{jobId}/secret/{secret}/result{flags.ToQueryString()}";

    /// <summary>Where a job can be followed.</summary>
    /// <param name="location">Where its result is to be had.</param>
    public static string EventsOf(string location)
    {
        const string Result = "/result";
        var path = location.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? query : location.Length;
        return $"{location[..(path - Result.Length)]}/events{location[path..]}";
    }
}
