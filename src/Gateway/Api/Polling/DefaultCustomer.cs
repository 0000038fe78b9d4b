using SyncCluster.Gateway.Backends;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>
/// The customer of a call by secret that names none. At TheEye a task's id is enough; here ids belong to a customer, so the customer may be left out only
/// if there is one alone.
/// </summary>
internal sealed class DefaultCustomer(ITaskBackend backend)
{
    /// <summary>Empty if there is none, or more than one.</summary>
    public string Name => backend.Customers is { Count: 1 } customers ? customers.First() : "";
}
