using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using SyncCluster.Hosting;

namespace SyncCluster.Gateway.Auth;

/// <summary>
/// The demonstration: a server without configured customers serves the sample tasks. One of its tokens is well known and may run tasks, the other one is
/// random at every start and may import them. Therefore such a server listens on loopback only, and answers only this machine's own requests
/// (<see cref="Http.LoopbackMiddleware"/>): a web page could call it, or let its own name resolve to this machine, and a proxy could open it to others.
/// </summary>
internal sealed class DemoMode
{
    public const string Customer = "demo";

    /// <summary>May run the samples and read their jobs.</summary>
    public const string UserToken = "demo-token";

    public DemoMode(IOptions<AuthOptions> options)
        : this(options.Value.Customers.Count == 0)
    {
    }

    private DemoMode(bool isOn) => IsOn = isOn;

    /// <summary>For a backend that has its own customers.</summary>
    public static DemoMode Off { get; } = new(isOn: false);

    public bool IsOn { get; }

    /// <summary>May import and delete tasks.</summary>
    public string AdminToken { get; } = Secret.New();

    public IEnumerable<(string Token, Caller Caller)> Tokens => !IsOn
        ? []
        :
        [
            (UserToken, new Caller { Customer = Customer, Username = "demo", Email = "demo@example.com", Credential = Credential.User }),
            (AdminToken, new Caller { Customer = Customer, Username = "admin", Email = "admin@example.com", Credential = Credential.Admin }),
        ];

    /// <summary>Called for each address before the server listens on it.</summary>
    /// <exception cref="OptionsValidationException">Other machines could reach the demonstration.</exception>
    public void RequireLoopback(ListenOptions listen)
    {
        if (IsOn && listen.IPEndPoint is { } address && !IPAddress.IsLoopback(address.Address))
        {
            throw new OptionsValidationException(AuthOptions.Section, typeof(AuthOptions),
            [
                $"The server would listen on {address}, where others can reach it, with the demonstration's well-known token. "
                + "Configure customers (Auth:Customers:NAME:Users:0:Username, :Credential and :TokenSha256, "
                + $"from `{TokenCommand.HowToRun}`), or listen on 127.0.0.1.",
            ]);
        }
    }
}
