/* architech/architech.h - everything: read a design, simulate it, use the answer. */
#ifndef ARCHITECH_ARCHITECH_H
#define ARCHITECH_ARCHITECH_H

#include <architech/capacity.h>
#include <architech/compare.h>
#include <architech/design.h>
#include <architech/dist.h>
#include <architech/lab.h>
#include <architech/plan.h>
#include <architech/policy.h>
#include <architech/results.h>
#include <architech/run.h>
#include <architech/samples.h>
#include <architech/sensitivity.h>
#include <architech/simulation.h>
#include <architech/status.h>
#include <architech/sweep.h>
#include <architech/time.h>
#include <architech/version.h>

#endif
