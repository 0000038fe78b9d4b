using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Api.Jobs.Lists;
using SyncCluster.Gateway.Api.Tasks;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends.Local;
using SyncCluster.Gateway.Backends.TheEye;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Backends;

/// <summary>
/// What runs the jobs, as a gateway needs it: one registration brings the executor (for a silo in the gateway's process), the backend, the token
/// validator and the routes for tasks.
/// </summary>
/// <param name="Execution">The executor, which the silos of the same mode have.</param>
/// <param name="AddBackend">Registers an <see cref="ITaskBackend"/>, an <see cref="ITokenValidator"/> and the <see cref="DemoMode"/>.</param>
/// <param name="MapRoutes">Maps the routes that only one of the modes serves: those that manage tasks, and those that find jobs.</param>
internal sealed record GatewayMode(ExecutionMode Execution, Action<IServiceCollection> AddBackend, Action<IEndpointRouteBuilder> MapRoutes)
    : ExecutionMode(Execution)
{
    /// <summary>The modes that a gateway has. The first one is the default.</summary>
    public static new IReadOnlyList<GatewayMode> All { get; } =
    [
        new(Local, services => services.AddLocalBackend(), MapLocalRoutes),
        new(TheEye, services => services.AddTheEyeBackend(), routes => routes.MapRoutesOfTheEye()),
    ];

    private static void MapLocalRoutes(IEndpointRouteBuilder routes)
    {
        routes.MapTasksApi();
        routes.MapJobListsApi();
        routes.MapJobHistoryApi();
    }
}
