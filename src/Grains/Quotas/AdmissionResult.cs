using SyncCluster.Execution;
using SyncCluster.Jobs;

namespace SyncCluster.Quotas;

/// <summary>The result of a request for admission.</summary>
internal abstract class AdmissionResult
{
    private AdmissionResult()
    {
    }

    /// <summary>The job is refused. Nothing is held for it.</summary>
    internal sealed class Refused(JobReply reply) : AdmissionResult
    {
        public JobReply Reply => reply;
    }

    /// <summary>
    /// The job may be stored and released. It has a reservation in the executor's queue on one silo, and is in transit until this is disposed.
    /// </summary>
    internal sealed class Admitted(JobAdmission admission, IJobExecutor executor, JobSpec spec, IRemoteReservation? elsewhere)
        : AdmissionResult, IDisposable
    {
        private bool _isReleased;

        /// <summary>The silo that has the reservation: the job's runner.</summary>
        public SiloAddress Runner => elsewhere?.Silo ?? executor.Address;

        /// <summary>
        /// Releases the job; the executor keeps the reservation. False: another silo has not acknowledged the release, and may hold the job.
        /// </summary>
        public async ValueTask<bool> ReleaseAsync(Release release)
        {
            _isReleased = true;
            if (elsewhere is not null)
            {
                return await elsewhere.ReleaseAsync(release);
            }

            executor.Release(release);
            return true;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!_isReleased && elsewhere is not null)
            {
                elsewhere.Cancel();
            }
            else if (!_isReleased)
            {
                executor.CancelReservation(spec);
            }

            admission.EndTransit(spec);
        }
    }
}
