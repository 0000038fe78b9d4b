using SyncCluster.Gateway.Limits;
using SyncCluster.Hosting.Auditing;

namespace SyncCluster.Gateway.Auth;

/// <summary>Puts routes of the gateway into the audit log. A route that needs a credential is there with its refusals at least.</summary>
internal static class AuditedRoutes
{
    /// <summary>What only reads: who is refused is logged, and who reads is not.</summary>
    public static AuditedAction Read { get; } = new("read", UserOf) { OnlyStatuses = AuditedAction.Refusals };

    /// <summary>The same by a job's secret: that a secret is wrong is answered 404.</summary>
    public static AuditedAction ReadWithJobSecret { get; } =
        new("read", _ => new AuditedCaller("job-secret")) { OnlyStatuses = [.. AuditedAction.Refusals, StatusCodes.Status404NotFound] };

    public static AuditedAction Run { get; } = new("run", UserOf);

    public static AuditedAction RunWithTaskSecret { get; } = new(
        "run", http => http.Features.Get<BodyAllowance>()?.IsOfKnownSender == true ? new AuditedCaller("task-secret") : null);

    public static AuditedAction Cancel { get; } = new("cancel", UserOf);

    public static AuditedAction Import { get; } = new("import", UserOf);

    public static AuditedAction Update { get; } = new("update", UserOf);

    public static AuditedAction Export { get; } = new("export", UserOf);

    /// <summary>A task gets another secret.</summary>
    public static AuditedAction RenewSecret { get; } = new("renew-secret", UserOf);

    public static AuditedAction Delete { get; } = new("delete", UserOf);

    /// <summary>The last one that a route is given counts.</summary>
    public static RouteHandlerBuilder Audits(this RouteHandlerBuilder route, AuditedAction action) => route.WithMetadata(action);

    private static AuditedCaller? UserOf(HttpContext http) => http.Features.Get<AuthenticatedCaller>() is { Caller: var caller }
        ? new("token", caller.Customer, caller.Username)
        : null;
}
