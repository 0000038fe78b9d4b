using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SyncCluster.Gateway.Auth;
using SyncCluster.Jobs;
using SyncCluster.WebConsole;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>
/// Cancels and deletes jobs that were chosen from a list: a page asks first, and says what will become of each. Its form does it to all at once; its
/// script does the same to one after the other, and shows how far it is.
/// </summary>
internal static class ChosenJobsPages
{
    /// <summary>No form that is sent here is longer.</summary>
    private const int MaximumForm = 64 * 1024;

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("jobs/chosen", AskAsync).IsPage(Credential.Viewer);
        console.MapPost("jobs/chosen", ActAsync).IsPage(Credential.Viewer).WithMetadata(new RequestSizeLimitAttribute(MaximumForm));
        console.MapPost("api/chosen/{job}/cancel", (HttpContext http, string job, ChosenJobs jobs) => jobs.ActAsync(http, ChosenAction.Cancel, job))
            .IsForScripts(Credential.Viewer, AuditedRoutes.Cancel);
        console.MapPost("api/chosen/{job}/remove", (HttpContext http, string job, ChosenJobs jobs) => jobs.ActAsync(http, ChosenAction.Remove, job))
            .IsForScripts(Credential.Admin, AuditedRoutes.Delete);
    }

    private static async Task<IResult> AskAsync(HttpContext http, ChosenJobs jobs)
    {
        var given = http.Request.Query;
        if (!Read(http, given["what"], given["job"]).TryGet(out var chosen, out var problem))
        {
            return problem;
        }

        var (action, ids) = chosen;
        return Page(http, action, await jobs.FindAsync(http, action, ids), isDone: false, given["back"].ToString());
    }

    private static async Task<IResult> ActAsync(HttpContext http, ChosenJobs jobs)
    {
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        if (!Read(http, form["what"], form["job"]).TryGet(out var chosen, out var problem))
        {
            return problem;
        }

        var (action, ids) = chosen;
        return Page(http, action, await jobs.ActAsync(http, action, ids), isDone: true, form["back"].ToString());
    }

    private static RazorComponentResult<ChosenJobsPage> Page(
        HttpContext http, ChosenAction action, IReadOnlyList<ChosenJob> jobs, bool isDone, string back) => http.Page<ChosenJobsPage>(
        StatusCodes.Status200OK,
        (nameof(ChosenJobsPage.Action), action),
        (nameof(ChosenJobsPage.Jobs), jobs),
        (nameof(ChosenJobsPage.IsDone), isDone),

        // Only to a list of the console.
        (nameof(ChosenJobsPage.Back), back.StartsWith("jobs?", StringComparison.Ordinal) ? back : "jobs"));

    private static Result<(ChosenAction Action, string[] Jobs)> Read(HttpContext http, string? what, IEnumerable<string?> jobs)
    {
        string[] ids = [.. jobs.OfType<string>().Where(JobId.IsValid).Distinct(StringComparer.Ordinal)];
        return ChosenAction.Find(what ?? "") is not { } action ? Problems.NoSuchPage
            : action == ChosenAction.Remove && http.GetCaller().Caller.Credential < Credential.Admin ? Problems.Below(Credential.Admin)
            : ids.Length == 0 ? Problems.NoJobChosen
            : ids.Length > JobListPages.JobsOfPage ? Problems.TooManyJobsChosen(JobListPages.JobsOfPage)
            : (action, ids);
    }
}
