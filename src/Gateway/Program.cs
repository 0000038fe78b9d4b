using SyncCluster.Gateway;
using SyncCluster.Gateway.Auth;
using SyncCluster.Hosting;

return args switch
{
    ["token"] => TokenCommand.Print(Console.Out),
    ["health", var address] => await Health.ProbeAsync(address),
    _ => await ServerProcess.RunAsync("server", () => GatewayApp.Build(args)),
};
