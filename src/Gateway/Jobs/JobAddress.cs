using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Problems;

namespace SyncCluster.Gateway.Jobs;

/// <summary>Where a job's result is to be had.</summary>
internal static class JobAddress
{
    public static Problem NoSuchJob => new(StatusCodes.Status404NotFound, "There is no such job: its id is wrong, or it has been too long ago.");

    public static Problem NoSuchTask => new(StatusCodes.Status404NotFound, "There is no such task.");

    /// <summary>For whoever has a token. It never carries one.</summary>
    public static string Of(string customer, string jobId, AnswerFlags flags) => $"/{Uri.EscapeDataString(customer)}/job/{jobId}/result{flags.ToQueryString()}";

    /// <summary>For whoever called with the task's secret: the job has one of its own.</summary>
    public static string WithSecret(string jobId, string secret, AnswerFlags flags) => $"/job/{jobId}/secret/{secret}/result{flags.ToQueryString()}";
}
