using SyncCluster.Gateway.Auth;
using SyncCluster.Hosting.Auditing;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Puts what routes of the console need on them.</summary>
internal static class ConsoleRoutes
{
    /// <summary>A page for people.</summary>
    /// <param name="route">The route.</param>
    /// <param name="credential">The least credential; null: the operator may see it as well.</param>
    public static RouteHandlerBuilder IsPage(this RouteHandlerBuilder route, Credential? credential) =>
        route.WithMetadata(new ConsoleRoute(true, credential)).Audits(AuditedRoutes.Read).AddEndpointFilter<RouteHandlerBuilder, SessionFilter>();

    /// <summary>What scripts of the pages ask for.</summary>
    public static RouteHandlerBuilder IsForScripts(this RouteHandlerBuilder route, Credential credential, AuditedAction action) =>
        route.WithMetadata(new ConsoleRoute(false, credential)).Audits(action).AddEndpointFilter<RouteHandlerBuilder, SessionFilter>();
}
