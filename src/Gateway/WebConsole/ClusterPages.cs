using Microsoft.AspNetCore.Mvc;
using SyncCluster.Gateway.Auth;
using SyncCluster.Overview;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>The cluster as its operator sees it, and the administrators of customers. Silos are drained by the operator.</summary>
internal static class ClusterPages
{
    /// <summary>No form that is sent here is longer.</summary>
    private const int MaximumForm = 8 * 1024;

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("cluster", ShowAsync).IsPage(null);
        console.MapGet("cluster/drain", AskAsync).IsPage(null);
        console.MapPost("cluster/drain", DrainAsync).IsPage(null).Audits(new("drain", SignIn.CallerOf)).WithMetadata(new RequestSizeLimitAttribute(MaximumForm));
    }

    private static async Task<IResult> ShowAsync(HttpContext http, ClusterReader cluster, GatewayState gateway, TimeProvider timeProvider)
    {
        var caller = http.Features.Get<AuthenticatedCaller>()?.Caller;
        if (caller is { Credential: < Credential.Admin })
        {
            return Problems.Below(Credential.Admin);
        }

        // Who is no operator sees the own customer.
        return http.Page<ClusterPage>(
            StatusCodes.Status200OK,
            (nameof(ClusterPage.Cluster), ClusterOverview.Of(await cluster.ReadAsync(caller?.Customer), gateway.Report(), cluster.IsAlone, timeProvider.GetUtcNow()) with
            {
                MayDrain = caller is null,
                Notice = ClusterOverview.AddressOf(http.Request.Query["drained"].ToString()) is { } drained
                    ? $"{drained.ToParsableString()} takes no more jobs. It stops when its scripts have ended."
                    : null,
            }));
    }

    private static async Task<IResult> AskAsync(HttpContext http, ClusterReader cluster, GatewayState gateway, TimeProvider timeProvider)
    {
        if (Refusal(http, cluster) is { } refusal)
        {
            return refusal;
        }

        var overview = ClusterOverview.Of(await cluster.ReadAsync(customer: null), gateway.Report(), cluster.IsAlone, timeProvider.GetUtcNow());
        var wanted = http.Request.Query["silo"].ToString();
        return overview.Silos.FirstOrDefault(silo => silo.Address == wanted) is not { } silo ? Problems.NoSuchSilo
            : overview.NotDrained is not null ? Problems.LastSilo
            : http.Page<DrainPage>(StatusCodes.Status200OK, (nameof(DrainPage.Silo), silo));
    }

    private static async Task<IResult> DrainAsync(HttpContext http, ClusterReader cluster)
    {
        if (Refusal(http, cluster) is { } refusal)
        {
            return refusal;
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        if (ClusterOverview.AddressOf(form["silo"].ToString()) is not { } silo)
        {
            return Problems.NoSuchSilo;
        }

        switch (await cluster.DrainAsync(silo))
        {
            case DrainReply.Begun or DrainReply.StopsAlready:
                http.Response.Headers.Location = ConsolePaths.LocationOf($"cluster?drained={Uri.EscapeDataString(silo.ToParsableString())}");
                return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
            case DrainReply.IsLast:
                return Problems.LastSilo;
            case DrainReply.NoSuchSilo:
                return Problems.NoSuchSilo;
            default:
                return Problems.SiloSilent;
        }
    }

    private static Problem? Refusal(HttpContext http, ClusterReader cluster) =>
        http.Features.Get<SignedInOperator>() is null ? Problems.OfOperatorOnly
        : cluster.IsAlone ? Problems.NotDrainedAlone
        : null;
}
