namespace SyncCluster.TheEye.Faults;

/// <summary>Which requests get which fault. A fault for the next requests has priority over one for every request.</summary>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<Planned> _next = [];
    private readonly List<Planned> _always = [];
    private CancellationTokenSource _released = new();
    private volatile bool _any;

    /// <summary>Plans a fault for the next requests of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="times">How many requests.</param>
    /// <param name="id">Only requests for this job, or with <see cref="Step.Create"/> and <see cref="Step.Task"/> for this task.</param>
    public void Next(Step step, Fault fault, int times = 1, string? id = null) => Plan(_next, new Planned(step, fault, id, times));

    /// <summary>Plans a fault for every request of a step, until it is cleared.</summary>
    public void Always(Step step, Fault fault, string? id = null) => Plan(_always, new Planned(step, fault, id, 0));

    /// <summary>Removes all planned faults, and releases hanging requests (a gate is opened by its own <see cref="FaultGate.Open"/>).</summary>
    public void Clear()
    {
        CancellationTokenSource hanging;
        lock (_lock)
        {
            _next.Clear();
            _always.Clear();
            _any = false;
            hanging = _released;
            _released = new CancellationTokenSource();
        }

        hanging.Cancel();
        hanging.Dispose();
    }

    /// <summary>Removes the planned faults of a step.</summary>
    public void Clear(Step step)
    {
        lock (_lock)
        {
            _next.RemoveAll(planned => planned.Step == step);
            _always.RemoveAll(planned => planned.Step == step);
            _any = _next.Count + _always.Count > 0;
        }
    }

    /// <summary>Takes the fault of a request that has arrived, if any, and the token that releases it where it hangs.</summary>
    internal (Fault Fault, CancellationToken Released)? Take(Step step, string? id)
    {
        if (!_any)
        {
            return null;
        }

        lock (_lock)
        {
            var planned = _next.Find(candidate => candidate.Matches(step, id));
            if (planned is not null && --planned.Times == 0)
            {
                _next.Remove(planned);
            }

            planned ??= _always.FindLast(candidate => candidate.Matches(step, id));
            _any = _next.Count + _always.Count > 0;
            return planned is null ? null : (planned.Fault, _released.Token);
        }
    }

    private void Plan(List<Planned> plan, Planned planned)
    {
        lock (_lock)
        {
            plan.Add(planned);
            _any = true;
        }
    }

    private sealed record Planned(Step Step, Fault Fault, string? Id, int Times)
    {
        public int Times { get; set; } = Times;

        public bool Matches(Step step, string? id) => Step == step && (Id is null || Id == id);
    }
}
