using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Backends;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Auth;

/// <summary>
/// The demonstration: what a server without configured customers lets in. One token is known to everybody and may run tasks, the other one is
/// random at every start and may import them; therefore such a server listens on loopback only, and answers only requests that name a loopback
/// host: a web page that had its own name resolve to this machine would otherwise be let in.
/// </summary>
internal sealed class DemoMode(IOptions<AuthOptions> options, GatewayMode mode)
{
    public const string Customer = "demo";

    /// <summary>May run the samples and read their jobs.</summary>
    public const string UserToken = "demo-token";

    /// <summary>May import and delete tasks.</summary>
    public string AdminToken { get; } = Secret.New();

    public bool IsOn { get; } = options.Value.Customers.Count == 0 && mode.Name != ExecutionMode.TheEye.Name;

    public IEnumerable<(string Token, Caller Caller)> Tokens => !IsOn
        ? []
        :
        [
            (UserToken, new Caller { Customer = Customer, Username = "demo", Email = "demo@example.com", Credential = Credential.User }),
            (AdminToken, new Caller { Customer = Customer, Username = "admin", Email = "admin@example.com", Credential = Credential.Admin }),
        ];

    /// <summary>Called for each address before the server listens on it.</summary>
    /// <exception cref="OptionsValidationException">Others could reach the demonstration.</exception>
    public void RequireLoopback(ListenOptions listen)
    {
        if (IsOn && listen.IPEndPoint is { } address && !IPAddress.IsLoopback(address.Address))
        {
            throw new OptionsValidationException(AuthOptions.Section, typeof(AuthOptions),
            [
                $"The server would listen on {address}, where others can reach it, with the demonstration's well-known token. "
                + "Configure customers (Auth:Customers:NAME:Users:0:Username, :Credential and :TokenSha256, "
                + "from `dotnet run --project src/Gateway -- token`), or listen on 127.0.0.1.",
            ]);
        }
    }

    /// <summary>Whether a request's <c>Host</c> may be answered.</summary>
    public bool Answers(HostString host) =>
        !IsOn
        || host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
