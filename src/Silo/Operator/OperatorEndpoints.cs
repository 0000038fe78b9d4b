using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Silo.Operator;

/// <summary>What an operator can do at a silo: see its unfinished jobs, and end one by force.</summary>
internal static class OperatorEndpoints
{
    private const int MostJobs = 10_000;

    public static IServiceCollection AddOperator(this IServiceCollection services)
    {
        services.AddOptions<OperatorOptions>().BindConfiguration(OperatorOptions.Section)
            .Validate(options => options.IsSensible, "Operator:TokenSha256 must be the 64 hex digits that `dotnet run --project src/Gateway -- token` prints.")
            .ValidateOnStart();
        return services;
    }

    public static void MapOperator(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").AddEndpointFilter(LetInAsync);
        jobs.MapGet("", List);
        jobs.MapPut("/{customer}/{job}/terminate", TerminateAsync);
    }

    private static async ValueTask<object?> LetInAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<OperatorOptions>>().Value;
        if (options.LetsIn(context.HttpContext.Request.Headers.Authorization))
        {
            return await next(context);
        }

        context.HttpContext.Response.Headers.WWWAuthenticate = "Bearer";
        return TypedResults.Problem(
            options.TokenSha256.Length == 0
                ? "This silo has no operator: configure Operator:TokenSha256."
                : "Send the operator's token as `Authorization: Bearer …`.",
            statusCode: StatusCodes.Status401Unauthorized);
    }

    /// <summary>The oldest first.</summary>
    private static JsonHttpResult<ListedJob[]> List(ActiveJobs unfinished, TimeProvider timeProvider, int limit = 100)
    {
        var now = timeProvider.GetUtcNow();
        return TypedResults.Json(
            unfinished.Oldest(Math.Clamp(limit, 1, MostJobs)).Select(job => ListedJob.Of(job, now)).ToArray(), OperatorJson.Default.ListedJobArray);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> TerminateAsync(string customer, string job, IGrainFactory grains)
    {
        if (!CustomerName.IsValid(customer) || !JobId.IsValid(job))
        {
            return NotFound;
        }

        return await grains.GetJob(JobKey.Of(customer, job)).Terminate() switch
        {
            Cancellation.Accepted => TypedResults.NoContent(),
            Cancellation.AlreadyEnded => TypedResults.Problem("The job has ended already.", statusCode: StatusCodes.Status409Conflict),
            Cancellation.NotFound => NotFound,
            _ => TypedResults.Problem("The storage can't be reached. Try again.", statusCode: StatusCodes.Status503ServiceUnavailable),
        };
    }

    private static ProblemHttpResult NotFound => TypedResults.Problem("There is no such job.", statusCode: StatusCodes.Status404NotFound);
}

/// <param name="Customer">Whose it is.</param>
/// <param name="Id">The job's id.</param>
/// <param name="TaskId">The task that it is a call of.</param>
/// <param name="Lifecycle">Where it is on its way.</param>
/// <param name="Age">Seconds since it was called.</param>
/// <param name="Gateways">How many gateways wait for it.</param>
internal sealed record ListedJob(string Customer, string Id, string TaskId, string Lifecycle, double Age, int Gateways)
{
    public static ListedJob Of(ActiveJob job, DateTimeOffset now) =>
        new(job.Customer, job.JobId, job.TaskId, job.Lifecycle.WireName(), Math.Round((now - job.CreatedAt).TotalSeconds, 3), job.Gateways);
}

[JsonSerializable(typeof(ListedJob[]))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class OperatorJson : JsonSerializerContext;
