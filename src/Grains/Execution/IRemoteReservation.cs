namespace SyncCluster.Execution;

/// <summary>A place in the queue of another silo, reserved for a new job. It lapses by itself after some seconds.</summary>
internal interface IRemoteReservation
{
    /// <summary>The other silo.</summary>
    SiloAddress Silo { get; }

    /// <summary>
    /// Releases the job there. Called once, by the activation whose attempt stands in storage with that silo as its runner. False: the silo has not
    /// acknowledged it. It may hold the job all the same, so the job must get another attempt before it is released elsewhere.
    /// </summary>
    Task<bool> ReleaseAsync(Release release);

    /// <summary>The job is not released. Returns at once.</summary>
    void Cancel();
}
