using Microsoft.Extensions.Options;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// Whose task a call by secret means that names no customer. At TheEye a task's id is enough; here ids are a customer's own, so it is enough where
/// there is one customer only.
/// </summary>
internal sealed class DefaultCustomer(IOptions<AuthOptions> auth, IOptions<TheEyeOptions> theEye, DemoMode demo)
{
    /// <summary>Empty where there is none, or more than one.</summary>
    public string Name { get; } = (string[])[.. auth.Value.Customers.Keys, .. theEye.Value.ServiceTokens.Keys, .. demo.IsOn ? [DemoMode.Customer] : (string[])[]] switch
    {
        [var only] => only,
        _ => "",
    };
}
