namespace SyncCluster.Gateway.Limits;

/// <summary>What the body of one request holds of a budget, until the request ends or its sender is known.</summary>
/// <param name="budget">The budget; null: there is no limit.</param>
internal sealed class BodyAllowance(UnauthenticatedBodies? budget) : IDisposable
{
    private UnauthenticatedBodies? _budget = budget;
    private long _held;

    /// <summary>Of a request whose sender is known.</summary>
    public static BodyAllowance Unlimited { get; } = new(budget: null) { IsOfKnownSender = true };

    /// <summary>Whether the request has shown a token or a secret that is right.</summary>
    public bool IsOfKnownSender { get; private set; }

    /// <summary>Holds so many bytes in all, those that it holds already included.</summary>
    /// <returns>Whether the budget has room for them.</returns>
    public bool TryHold(long bytes)
    {
        if (_budget is null || bytes <= _held)
        {
            return true;
        }

        if (!_budget.TryTake(bytes - _held))
        {
            return false;
        }

        _held = bytes;
        return true;
    }

    /// <summary>The sender is known: gives everything back, and is without a limit from now on.</summary>
    public void Lift()
    {
        IsOfKnownSender = true;
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _budget?.Return(_held);
        _budget = null;
    }
}
